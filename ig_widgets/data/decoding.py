"""Image files to arrays: what can be read, and a sentence for what cannot."""

from __future__ import annotations

import stat
import zlib
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ig_widgets.data.errors import ImageError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from numpy.typing import NDArray

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
"""The file name endings, in lower case, that a folder is searched for."""

LEVELS = (0, 65535)
"""The 16-bit values shown as 0 and 255 unless the caller says otherwise."""

MAX_PIXELS = 178_956_970
"""The largest image that is opened unless the caller says otherwise: Pillow's own limit."""

_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
_ORIENTATION, _BITS_PER_SAMPLE = 0x0112, 258
_STRIP_OFFSETS, _STRIP_SIZES, _TILE_OFFSETS, _TILE_SIZES = 273, 279, 324, 325


def decode(
    path: str | os.PathLike[str], *, levels: tuple[int, int] = LEVELS, max_pixels: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """Read one image file.

    The content decides on the format, not the name. The orientation that a camera wrote into the EXIF data is
    applied; transparency is ignored (the colors below it are shown); of several frames or pages the first is
    read. A format without checksums can hide damage: a JPEG or BMP with wrong bytes in its middle may be read
    with wrong pixels.

    Parameters
    ----------
    path : str or path-like
        A JPEG, PNG, BMP, TIFF or WebP file with 1, 8 or 16 bits per channel.
    levels : tuple of int, default (0, 65535)
        The values of a 16-bit image that become 0 and 255, linear between and clipped outside. A camera with
        12 bits wants (0, 4095). Images with 8 bits are left as they are.
    max_pixels : int, default 178956970
        Larger images are refused before they are unpacked. Above the default, raise
        ``PIL.Image.MAX_IMAGE_PIXELS`` as well.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, 3), uint8
        Gray for files that hold gray values (or a palette of grays), else red, green, blue. Contiguous and
        read-only.

    Raises
    ------
    ImageError
        If the file cannot be read; the sentence names the file and says what to do.
    """
    path = Path(path)
    with _opened(path, max_pixels) as image:
        if image.format == "PNG":
            _check_png_sums(path)
        image.load()
        pixels = np.ascontiguousarray(_upright(_pixels(path, image, levels), _orientation(image)))
    pixels.setflags(write=False)
    return pixels


def inspect(
    path: str | os.PathLike[str], *, levels: tuple[int, int] = LEVELS, max_pixels: int = MAX_PIXELS
) -> None:
    """Check one image file without unpacking it: fast enough for a folder of many thousand files.

    Reads the header and the end of the file. Only a file whose end looks cut off is decoded, to be sure.
    Damage in the middle of a file shows no earlier than in `decode`.

    Parameters
    ----------
    path, levels, max_pixels
        As in `decode`.

    Raises
    ------
    ImageError
        If the file cannot be read.
    """
    path = Path(path)
    with _opened(path, max_pixels) as image:
        _check_mode(path, image)
        complete = _looks_complete(path, image)
    if not complete:
        decode(path, levels=levels, max_pixels=max_pixels)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises on broken bytes into an `ImageError`."""
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except PermissionError as error:
        reason = "you have no permission to read it; ask its owner or change its mode"
        raise ImageError(path, reason) from error
    except FileNotFoundError as error:
        raise ImageError(path, "there is no such file (or it is a link to a missing one)") from error
    except UnidentifiedImageError as error:
        raise _unidentified(path) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(
            path,
            f"the header announces far too many pixels ({error}); if the file is to be trusted, "
            "raise max_pixels and PIL.Image.MAX_IMAGE_PIXELS",
        ) from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # Pillow's own OSErrors have no number
            reason = f"the system does not hand it out ({error.strerror}); check the disc or the network"
        else:
            what = f"{type(error).__name__}: {error}"
            reason = f"the file is damaged or cut off ({what}); copy it again or remove it"
        raise ImageError(path, reason) from error


@contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    with _explained(path):
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(path, "it is not a file; remove it from the list")
        if status.st_size == 0:
            raise ImageError(path, "the file is empty (0 bytes); copy it again or remove it")
        # given a path instead of a file, Pillow 13 maps it into memory and garbles a TIFF with an orientation
        with path.open("rb") as file, Image.open(file, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise ImageError(
                    path,
                    f"the header announces {width} x {height} pixels, more than max_pixels = {max_pixels}; "
                    "if the file is to be trusted, raise max_pixels",
                )
            yield image


def _unidentified(path: Path) -> ImageError:
    with path.open("rb") as file:
        start = file.read(12)
    name = {b"\xff\xd8": "JPEG", b"\x89P": "PNG", b"BM": "BMP", b"II": "TIFF", b"MM": "TIFF"}.get(start[:2])
    if start[:4] == b"RIFF" and start[8:] == b"WEBP":
        name = "WebP"
    if name is None:
        return ImageError(
            path,
            "it is not an image: the content is not JPEG, PNG, BMP, TIFF or WebP, whatever its name says; "
            "convert or remove it",
        )
    return ImageError(
        path,
        f"it starts like a {name} file, but it is damaged, cut off or holds a kind of pixels that is not "
        "supported; copy it again or save it anew with 8 or 16 bits per channel",
    )


def _check_mode(path: Path, image: Image.Image) -> None:
    if image.mode == "F":
        raise ImageError(path, "its pixels are floating-point numbers; save it with 8 or 16 bits")
    if image.mode == "I":
        raise ImageError(path, "its pixels are 32-bit or signed numbers; save it with 8 or 16 bits")
    if image.mode == "LAB" or (image.mode == "CMYK" and _is_deep_color(path, image)):
        raise ImageError(path, f"its colors are {image.mode}; save it as RGB or gray")


def _is_deep_color(path: Path, image: Image.Image) -> bool:
    """Whether the file has 16 bits per channel in several channels, of which Pillow keeps only 8."""
    if image.mode not in {"RGB", "RGBA", "CMYK"}:
        return False
    if image.format == "PNG":
        return _png_depth_and_color(path)[0] == 16
    if isinstance(image, TiffImageFile):
        return bool(max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))) == 16)
    return False


def _check_png_sums(path: Path) -> None:
    """Compare each chunk with its checksum: Pillow shows what it can unpack of a damaged one."""
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = int.from_bytes(head[:4]), head[4:]
            body, checksum = file.read(length), file.read(4)
            if len(checksum) == 4 and zlib.crc32(kind + body) != int.from_bytes(checksum):
                raise ImageError(path, "the file is damaged (wrong checksum); copy it again or remove it")
            if kind == b"IEND":
                return


def _png_depth_and_color(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        header = file.read(26)
    return header[24], header[25]  # their place is fixed


def _pixels(path: Path, image: Image.Image, levels: tuple[int, int]) -> NDArray[np.uint8]:
    """Turn a loaded image into gray or RGB with 8 bits, as it lies in the file."""
    _check_mode(path, image)
    if _is_deep_color(path, image):
        unpacked = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
        if unpacked is None:
            raise ImageError(path, "its 16-bit colors cannot be unpacked; save it with 8 bits per channel")
        deep = unpacked.astype(np.uint16, copy=False)
        gray = image.format == "PNG" and _png_depth_and_color(path)[1] == 4  # gray with alpha
        deep = deep[..., 0] if gray else deep[..., 2::-1]  # OpenCV: blue, green, red, alpha
        return np.take(_to_8_bits(levels), deep)
    if image.mode.startswith("I;16"):
        return np.take(_to_8_bits(levels), np.asarray(image))
    return np.asarray(image.convert("L" if _is_gray(image) else "RGB"))


def _is_gray(image: Image.Image) -> bool:
    if image.mode in {"P", "PA"}:
        palette = np.reshape(image.getpalette("RGB") or [], (-1, 3))
        return bool((palette == palette[:, :1]).all())
    return image.mode in {"1", "L", "LA", "La"}


@lru_cache(maxsize=8)
def _to_8_bits(levels: tuple[int, int]) -> NDArray[np.uint8]:
    """Tabulate the 8-bit value of each 16-bit one."""
    low, high = levels
    return np.rint(np.clip((np.arange(65536) - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def _orientation(image: Image.Image) -> int:
    # asked after load(): a PNG may hold it behind the pixels, and of a TIFF that Pillow has turned it is gone
    return int(image.getexif().get(_ORIENTATION, 1))


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo the EXIF orientation: 2 to 4 mirror or turn by 180 degrees, 5 to 8 swap rows and columns."""
    if orientation in {5, 6, 7, 8}:
        pixels = pixels.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return pixels


def _looks_complete(path: Path, image: Image.Image) -> bool:
    size = path.stat().st_size
    if isinstance(image, TiffImageFile):
        tags = image.tag_v2
        offsets = tags.get(_STRIP_OFFSETS, ()) or tags.get(_TILE_OFFSETS, ())
        sizes = tags.get(_STRIP_SIZES, ()) or tags.get(_TILE_SIZES, ())
        ends = [offset + length for offset, length in zip(offsets, sizes, strict=False)]
        return bool(ends) and int(max(ends)) <= size
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(max(size - 12, 0))
        end = file.read()
    if image.format == "PNG":
        return end[4:8] == b"IEND"
    if image.format == "BMP":
        return int.from_bytes(start[2:6], "little") == size
    if image.format == "WEBP":
        return int.from_bytes(start[4:8], "little") + 8 <= size
    return end.endswith(b"\xff\xd9")
