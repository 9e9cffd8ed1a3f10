"""Decoding of image files into arrays, with readable errors for files that cannot be decoded."""

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
"""File name extensions of images, in lower case."""

LEVELS = (0, 65535)
"""Default 16-bit values that map to 0 and 255."""

MAX_PIXELS = 178_956_970
"""Default limit on the number of pixels of an image: Pillow's own."""

_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
_ORIENTATION, _BITS_PER_SAMPLE = 0x0112, 258
_STRIP_OFFSETS, _STRIP_SIZES, _TILE_OFFSETS, _TILE_SIZES = 273, 279, 324, 325


def decode(
    path: str | os.PathLike[str], *, levels: tuple[int, int] = LEVELS, max_pixels: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """Decode one image file.

    The format is detected from the content, not from the file name. The EXIF orientation is applied.
    Transparency is ignored. Of several frames or pages, the first is decoded. Formats without checksums can
    hide damage: a JPEG or BMP file with wrong bytes in the middle may decode to wrong pixels.

    Parameters
    ----------
    path : str or path-like
        A JPEG, PNG, BMP, TIFF or WebP file with 1, 8 or 16 bits per channel.
    levels : tuple of int, default (0, 65535)
        The 16-bit values that map to 0 and 255, linear in between and clipped outside. Use (0, 4095) for a
        12-bit camera. 8-bit images are not changed.
    max_pixels : int, default 178956970
        Larger images are rejected before they are decoded. To go above the default, raise
        ``PIL.Image.MAX_IMAGE_PIXELS`` as well.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, 3), uint8
        (H, W) for grayscale files and gray palettes, otherwise RGB. Contiguous and read-only.

    Raises
    ------
    ImageError
        If the file cannot be read. The message names the file, the reason and a remedy.
    """
    path = Path(path)
    with _open_image(path, max_pixels) as image:
        if image.format == "PNG":
            _check_png_checksums(path)
        image.load()
        pixels = np.ascontiguousarray(
            _apply_orientation(_to_8_bit_pixels(path, image, levels), _read_orientation(image))
        )
    pixels.setflags(write=False)
    return pixels


def inspect(
    path: str | os.PathLike[str], *, levels: tuple[int, int] = LEVELS, max_pixels: int = MAX_PIXELS
) -> None:
    """Check one image file without decoding it: fast enough for folders of many thousand files.

    Only the header and the end of the file are read; a file that looks truncated is decoded to make sure.
    Damage in the middle of a file is detected by `decode` only.

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
    with _open_image(path, max_pixels) as image:
        _check_mode(path, image)
        complete = _looks_complete(path, image)
    if not complete:
        decode(path, levels=levels, max_pixels=max_pixels)


@contextmanager
def _explain_errors(path: Path) -> Iterator[None]:
    """Convert any exception of a decoder to an `ImageError`."""
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except PermissionError as error:
        reason = "you have no permission to read it; ask the owner of the file or change its mode"
        raise ImageError(path, reason) from error
    except FileNotFoundError as error:
        reason = "there is no such file (or it is a link to a missing one); check the path"
        raise ImageError(path, reason) from error
    except UnidentifiedImageError as error:
        raise _describe_unidentified(path) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(
            path,
            f"its header declares far too many pixels ({error}); if you trust the file, raise max_pixels and "
            "PIL.Image.MAX_IMAGE_PIXELS",
        ) from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # Pillow's own OSErrors have no number
            reason = f"the operating system reports {error.strerror!r}; check the disk or the network"
        else:
            details = f"{type(error).__name__}: {error}"
            reason = f"the file is damaged or truncated ({details}); copy it again or remove it"
        raise ImageError(path, reason) from error


@contextmanager
def _open_image(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    with _explain_errors(path):
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(path, "it is not a file; remove it from the list")
        if status.st_size == 0:
            raise ImageError(path, "the file is empty (0 bytes); copy it again or remove it")
        # given a path instead of a file, Pillow 13 memory-maps it and garbles a TIFF with an orientation
        with path.open("rb") as file, Image.open(file, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise ImageError(
                    path,
                    f"its header declares {width} x {height} pixels, more than max_pixels = {max_pixels}; "
                    "if you trust the file, raise max_pixels",
                )
            yield image


def _describe_unidentified(path: Path) -> ImageError:
    with path.open("rb") as file:
        start = file.read(12)
    name = {b"\xff\xd8": "JPEG", b"\x89P": "PNG", b"BM": "BMP", b"II": "TIFF", b"MM": "TIFF"}.get(start[:2])
    if start[:4] == b"RIFF" and start[8:] == b"WEBP":
        name = "WebP"
    if name is None:
        return ImageError(
            path,
            "it is not an image: its content is not JPEG, PNG, BMP, TIFF or WebP, whatever its name says; "
            "convert or remove it",
        )
    return ImageError(
        path,
        f"it starts like a {name} file, but it is damaged, truncated or has an unsupported pixel format; "
        "copy it again, or save it again with 8 or 16 bits per channel",
    )


def _check_mode(path: Path, image: Image.Image) -> None:
    if image.mode == "F":
        raise ImageError(path, "its pixels are floating-point numbers; save it with 8 or 16 bits")
    if image.mode == "I":
        raise ImageError(path, "its pixels are 32-bit or signed integers; save it with 8 or 16 bits")
    if image.mode == "LAB" or (image.mode == "CMYK" and _is_deep_color(path, image)):
        raise ImageError(path, f"its color mode is {image.mode}; save it as RGB or grayscale")


def _is_deep_color(path: Path, image: Image.Image) -> bool:
    """Return whether a color file has 16 bits per channel, of which Pillow keeps only 8."""
    if image.mode not in {"RGB", "RGBA", "CMYK"}:
        return False
    if image.format == "PNG":
        return _png_depth_and_color(path)[0] == 16
    if isinstance(image, TiffImageFile):
        return bool(max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))) == 16)
    return False


def _check_png_checksums(path: Path) -> None:
    """Verify the checksum of each chunk: Pillow decodes as much as it can of a damaged one."""
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
    return header[24], header[25]  # at fixed offsets


def _to_8_bit_pixels(path: Path, image: Image.Image, levels: tuple[int, int]) -> NDArray[np.uint8]:
    """Convert a loaded image to 8-bit grayscale or RGB, in the orientation of the file."""
    _check_mode(path, image)
    if _is_deep_color(path, image):
        unpacked = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
        if unpacked is None:
            raise ImageError(path, "its 16-bit colors cannot be decoded; save it with 8 bits per channel")
        deep = unpacked.astype(np.uint16, copy=False)
        gray = image.format == "PNG" and _png_depth_and_color(path)[1] == 4  # gray with alpha
        deep = deep[..., 0] if gray else deep[..., 2::-1]  # OpenCV: blue, green, red, alpha
        return np.take(_tabulate_levels(levels), deep)
    if image.mode.startswith("I;16"):
        return np.take(_tabulate_levels(levels), np.asarray(image))
    return np.asarray(image.convert("L" if _is_gray(image) else "RGB"))


def _is_gray(image: Image.Image) -> bool:
    if image.mode in {"P", "PA"}:
        palette = np.reshape(image.getpalette("RGB") or [], (-1, 3))
        return bool((palette == palette[:, :1]).all())
    return image.mode in {"1", "L", "LA", "La"}


@lru_cache(maxsize=8)
def _tabulate_levels(levels: tuple[int, int]) -> NDArray[np.uint8]:
    """Tabulate the 8-bit value of each 16-bit value."""
    low, high = levels
    return np.rint(np.clip((np.arange(65536) - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def _read_orientation(image: Image.Image) -> int:
    # read after load(): a PNG may store it behind the pixels, and Pillow drops it when it has rotated a TIFF
    return int(image.getexif().get(_ORIENTATION, 1))


def _apply_orientation(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply the EXIF orientation: 2 to 4 mirror or rotate by 180 degrees, 5 to 8 swap rows and columns."""
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
