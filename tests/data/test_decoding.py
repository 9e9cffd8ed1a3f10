import io
import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, features

from ig_widgets.data.decoding import decode, inspect
from ig_widgets.data.errors import ImageError


def noise(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def saved(path, pixels, mode=None, **options):
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


def reason(function, path, **options):
    with pytest.raises(ImageError) as caught:
        function(path, **options)
    assert str(path) in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "TIFF", "webp"])
@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 3)])
def test_lossless_files_give_back_their_pixels(tmp_path, ending, shape):
    pixels = noise(*shape)
    path = tmp_path / f"a.{ending}"
    if ending == "webp":
        if not features.check("webp"):
            pytest.skip("this Pillow has no WebP")
        pixels = noise(7, 5, 3)  # WebP knows no gray
        saved(path, pixels, lossless=True)
    else:
        saved(path, pixels)
    inspect(path)
    read = decode(path)
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert not read.flags.writeable
    np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize(("mode", "shape"), [("L", (40, 30)), ("RGB", (40, 30, 3)), ("CMYK", (40, 30, 3))])
def test_jpeg_is_gray_or_rgb_and_close_to_its_pixels(tmp_path, mode, shape):
    smooth = cv2.GaussianBlur(noise(40, 30, 3), (0, 0), 5)
    path = saved(tmp_path / "a.jpg", smooth, mode, quality=98)
    read = decode(path)
    assert read.shape == shape
    expected = np.asarray(Image.fromarray(smooth).convert("L" if mode == "L" else "RGB")).astype(int)
    assert np.abs(read - expected).mean() < 3


def test_content_decides_on_the_format_and_not_the_name(tmp_path):
    pixels = noise(6, 6)
    path = tmp_path / "really_a_png.jpg"
    saved(path, pixels, format="PNG")
    inspect(path)
    np.testing.assert_array_equal(decode(path), pixels)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_ignored(tmp_path, mode):
    pixels = noise(6, 5, 2 if mode == "LA" else 4)
    path = saved(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(decode(path), pixels[..., 0] if mode == "LA" else pixels[..., :3])


def test_palette_files_give_their_colors_with_and_without_transparency(tmp_path):
    image = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).convert("P")
    colors = noise(256, 3)
    image.putpalette(colors.tobytes())
    for name, options in (("plain", {}), ("clear", {"transparency": 3})):
        path = tmp_path / f"{name}.png"
        image.save(path, **options)
        np.testing.assert_array_equal(decode(path), colors[:12].reshape(3, 4, 3))


def test_a_palette_of_grays_is_a_gray_image(tmp_path):
    image = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).convert("P")
    image.putpalette(np.repeat(np.arange(256, dtype=np.uint8)[::-1], 3).tobytes())
    path = tmp_path / "mask.png"
    image.save(path)
    np.testing.assert_array_equal(decode(path), 255 - np.arange(12).reshape(3, 4))


@pytest.mark.parametrize("ending", ["png", "bmp", "tif"])
def test_one_bit_files_are_black_and_white(tmp_path, ending):
    pixels = np.where(noise(9, 11) > 127, 255, 0).astype(np.uint8)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(pixels).convert("1").save(path)
    np.testing.assert_array_equal(decode(path), pixels)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 3), (6, 7, 4)])
@pytest.mark.filterwarnings("ignore")
def test_16_bit_values_are_mapped_linearly_from_the_levels(tmp_path, ending, shape):
    pixels = noise(*shape, dtype=np.uint16)
    pixels.flat[:4] = 0, 1000, 4095, 65535
    path = tmp_path / f"a.{ending}"
    assert cv2.imwrite(str(path), pixels)
    inspect(path)
    rgb = pixels if pixels.ndim == 2 else pixels[..., 2::-1]
    np.testing.assert_array_equal(decode(path), np.rint(rgb / 65535 * 255))
    np.testing.assert_array_equal(
        decode(path, levels=(1000, 4095)), np.rint(np.clip((rgb - 1000.0) / 3095, 0, 1) * 255)
    )


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


def tiff(pixels, *, orientation=1, order="<"):
    """Bytes of an uncompressed 16-bit TIFF of one strip."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else 3
    data = 8 + 2 + 10 * 12 + 4 + 6
    short = {">": 1 << 16, "<": 1}[order]  # a short stands in the first half of the four bytes
    tags = [
        (256, 3, 1, width * short),
        (257, 3, 1, height * short),
        (258, 3, channels, 16 * short if channels == 1 else data - 6),
        (259, 3, 1, 1 * short),
        (262, 3, 1, (1 if channels == 1 else 2) * short),
        (273, 4, 1, data),
        (274, 3, 1, orientation * short),
        (277, 3, 1, channels * short),
        (278, 3, 1, height * short),
        (279, 4, 1, pixels.nbytes),
    ]
    entries = b"".join(struct.pack(f"{order}HHII", *tag) for tag in tags)
    start = struct.pack(f"{order}2sHIH", b"MM" if order == ">" else b"II", 42, 8, len(tags))
    depths = struct.pack(f"{order}3H", 16, 16, 16)
    return start + entries + bytes(4) + depths + pixels.astype(f"{order}u2").tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bit_tiff_of_either_byte_order_is_turned_once(tmp_path, order, shape, orientation):
    pixels = noise(*shape, dtype=np.uint16)
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(pixels, orientation=orientation, order=order))
    inspect(path)
    np.testing.assert_array_equal(decode(path), np.rint(UPRIGHT[orientation](pixels) / 257))


def test_16_bit_gray_png_with_transparency_is_gray(tmp_path):
    pixels = noise(4, 3, 2, dtype=np.uint16)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    path = tmp_path / "a.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 4, 16, 4, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    inspect(path)
    np.testing.assert_array_equal(decode(path), np.rint(pixels[..., 0] / 257))


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize(("ending", "shape"), [("png", (6, 9, 3)), ("tif", (6, 9)), ("webp", (6, 9, 3))])
def test_exif_orientation_is_honored(tmp_path, orientation, ending, shape):
    pixels = noise(*shape)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(
        tmp_path / f"a.{ending}", pixels, exif=exif, **({"lossless": True} if ending == "webp" else {})
    )
    np.testing.assert_array_equal(decode(path), UPRIGHT[orientation](pixels))


def test_jpeg_orientation_turns_the_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((16, 32), np.uint8)
    pixels[:, :16] = 255  # bright on the left: bright on top once turned clockwise
    read = decode(saved(tmp_path / "a.jpg", pixels, exif=exif))
    assert read.shape == (32, 16)
    assert read[:16].min() > 200
    assert read[16:].max() < 50


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_cost_the_picture(tmp_path):
    pixels = noise(6, 6)
    path = saved(tmp_path / "a.png", pixels, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage")
    np.testing.assert_array_equal(decode(path), pixels)


@pytest.mark.parametrize("ending", ["jpg", "png", "bmp", "tif", "webp"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.97])
def test_a_truncated_file_is_found_before_it_is_decoded(tmp_path, ending, part):
    path = saved(tmp_path / f"a.{ending}", noise(60, 80, 3))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    assert "damaged" in reason(inspect, path)
    assert "truncated" in reason(decode, path)


@pytest.mark.parametrize("ending", ["jpg", "png", "bmp", "tif", "webp"])
def test_bytes_behind_the_end_of_a_file_do_no_harm(tmp_path, ending):
    path = saved(tmp_path / f"a.{ending}", noise(20, 30, 3))
    before = decode(path)
    path.write_bytes(path.read_bytes() + b"trailer of a camera" * 3)
    inspect(path)
    np.testing.assert_array_equal(decode(path), before)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("n_bytes", [1, 200])
def test_damage_in_the_middle_of_a_png_shows_when_decoded(tmp_path, place, n_bytes):
    path = saved(tmp_path / "a.png", noise(60, 80, 3))
    data = bytearray(path.read_bytes())
    start = int(place * len(data))
    data[start : start + n_bytes] = bytes(byte ^ 0x55 for byte in data[start : start + n_bytes])
    path.write_bytes(data)
    inspect(path)
    assert "damaged" in reason(decode, path)


def test_an_empty_file_is_named_so(tmp_path):
    path = tmp_path / "a.png"
    path.touch()
    assert reason(inspect, path) == "the file is empty (0 bytes); copy it again or remove it"


@pytest.mark.parametrize("content", [b"just a text", b"GIF89a\x01\0\x01\0\0\0\0;", b"\0" * 100])
def test_what_is_not_an_image_is_named_so(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert reason(inspect, path).startswith("it is not an image")
    assert reason(decode, path).startswith("it is not an image")


def bomb(width, height):
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    buffer = io.BytesIO(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header)
    buffer.seek(0, os.SEEK_END)
    buffer.write(struct.pack(">I", zlib.crc32(header)) + struct.pack(">I", 0) + b"IDAT" + bytes(4))
    return buffer.getvalue()


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(bomb(100_000, 100_000))
    assert "far too many pixels" in reason(inspect, path)
    path.write_bytes(bomb(3000, 2000))
    assert "3000 x 2000 pixels, more than max_pixels = 1000" in reason(inspect, path, max_pixels=1000)
    assert "raise max_pixels" in reason(decode, path, max_pixels=1000)


@pytest.mark.parametrize(("dtype", "words"), [(np.float32, "floating-point"), (np.int32, "32-bit")])
def test_pixels_that_are_not_8_or_16_bits_are_refused(tmp_path, dtype, words):
    path = saved(tmp_path / "a.tif", np.ones((4, 4), dtype))
    assert words in reason(inspect, path)
    assert words in reason(decode, path)


def test_folders_pipes_and_dead_links_are_no_images(tmp_path):
    folder = tmp_path / "a.png"
    folder.mkdir()
    assert "not a file" in reason(inspect, folder)
    pipe = tmp_path / "b.png"
    os.mkfifo(pipe)
    assert "not a file" in reason(inspect, pipe)
    link = tmp_path / "c.png"
    link.symlink_to(tmp_path / "missing.png")
    assert "link to a missing one" in reason(inspect, link)


def test_a_file_without_permission_is_named_so(tmp_path):
    path = saved(tmp_path / "a.png", noise(4, 4))
    path.chmod(0)
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    # root may read everything: ask as somebody else, with all modules loaded while still root
    code = (
        "import os, sys, PIL.PngImagePlugin\n"
        "from ig_widgets.data.decoding import ImageError, inspect\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: inspect(sys.argv[1])\n"
        "except ImageError as error: print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.strip() == (
        f"cannot read '{path}': you have no permission to read it; "
        "ask the owner of the file or change its mode"
    )
