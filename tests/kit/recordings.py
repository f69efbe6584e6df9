"""Recordings of every format, made on the spot by PyAV: a tone of a known length. Nothing binary is committed.

AMR-WB and GSM have no encoder here; their frames are put together by hand, as a decoder of lengths needs no sound.
"""

from __future__ import annotations

import io
import itertools
import math
import random
import struct
import tempfile
from array import array
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av

SECONDS = 37.5
AMR_NB_FRAME = b"\x3c" + bytes(31)  # 20 ms at 12.2 kbit/s
AMR_WB_FRAME = b"\x04" + bytes(17)  # 20 ms of mode 0
GSM_FRAME = b"\xd0" + bytes(32)  # 20 ms


class Pipe:
    """A file that cannot be rewound, so that a muxer leaves the sizes in its headers open."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, piece: bytes) -> int:
        """Take the bytes."""
        self.content += piece
        return len(piece)


@cache
def chord(rate: int) -> bytes:
    """Return a second and a bit of a tone with noise in it."""
    noise = random.Random(1)
    waves = (8000 * math.sin(2 * math.pi * 440 * n / rate) + noise.randint(-4000, 4000) for n in range(rate + 1024))
    return array("h", map(int, waves)).tobytes()


def tone(rate: int, seconds: float) -> Iterator[av.AudioFrame]:
    """Yield half silence, half a loud chord: a variable bit rate varies."""
    size, total, loud = 1024, round(rate * seconds), chord(rate)
    for start in range(0, total, size):
        count = min(size, total - start)
        place = start % rate * 2
        wave = loud[place : place + count * 2] if start > total / 2 else b""
        frame = av.AudioFrame(format="s16", layout="mono", samples=count)
        frame.planes[0].update(wave.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts = rate, start
        yield frame


def encode(  # noqa: PLR0913  what an encoder needs to know
    seconds: float,
    format: str,  # noqa: A002  FFmpeg's word
    codec: str,
    rate: int = 16000,
    *,
    layout: str = "mono",
    to: Any = None,
    muxer: dict[str, str] | None = None,
    encoder: dict[str, str] | None = None,
) -> bytes:
    """Return a recording with one audio stream. `to` is what the muxer writes to."""
    target = io.BytesIO() if to is None else to
    with av.open(target, "w", format=format, options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=encoder or {}, layout=layout)
        for frame in itertools.chain(tone(rate, seconds), [None]):
            container.mux(stream.encode(frame))
    return target.getvalue() if isinstance(target, io.BytesIO) else bytes(getattr(target, "content", b""))


def piped(seconds: float, *arguments: Any, **options: Any) -> bytes:
    """Return a recording that was written to a pipe."""
    return encode(seconds, *arguments, to=Pipe(), **options)


def film(seconds: float, format: str, video: str, audio: str, **muxer: str) -> bytes:  # noqa: A002
    """Return moving pictures with sound."""
    target = io.BytesIO()
    with av.open(target, "w", format=format, options=muxer) as container:
        pictures = container.add_stream(video, rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream(audio, rate=48000, layout="mono")
        for number in range(round(seconds * 10)):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number % 256]) * plane.buffer_size)
            frame.pts = number
            container.mux(pictures.encode(frame))
        for heard in itertools.chain(tone(48000, seconds), [None]):
            container.mux(sound.encode(heard))
        container.mux(pictures.encode(None))
    return target.getvalue()


def fast_start(seconds: float) -> bytes:
    """Return an MP4 whose index stands first, which its muxer writes to a path only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.mp4")
        encode(seconds, "mp4", "aac", to=str(path), muxer={"movflags": "+faststart"})
        return path.read_bytes()


def wav_gsm(seconds: float) -> bytes:
    """Return telephone sound in WAV: 65 bytes hold 320 samples."""
    blocks = round(seconds * 8000 / 320)
    body = (GSM_FRAME * 2)[:65] * blocks
    form = struct.pack("<HHIIHHHH", 0x31, 1, 8000, 1625, 65, 0, 2, 320)
    fact = struct.pack("<I", blocks * 320)
    chunks = b"".join(
        name + struct.pack("<I", len(data)) + data for name, data in ((b"fmt ", form), (b"fact", fact), (b"data", body))
    )
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


VARIABLE = {"flags": "+qscale", "global_quality": "590"}
NO_XING = {"write_xing": "0", "id3v2_version": "0"}
_MAKERS: dict[str, Callable[[float], bytes]] = {
    "mp3-cbr": lambda s: encode(s, "mp3", "libmp3lame"),
    "mp3-cbr-no-xing": lambda s: encode(s, "mp3", "libmp3lame", muxer=NO_XING),
    "mp3-vbr": lambda s: encode(s, "mp3", "libmp3lame", encoder=VARIABLE),
    "mp3-vbr-no-xing": lambda s: encode(s, "mp3", "libmp3lame", muxer=NO_XING, encoder=VARIABLE),
    "mp3-joined": lambda s: encode(s / 2, "mp3", "libmp3lame") * 2,
    "wav-pcm": lambda s: encode(s, "wav", "pcm_s16le"),
    "wav-mulaw": lambda s: encode(s, "wav", "pcm_mulaw", 8000),
    "wav-adpcm": lambda s: encode(s, "wav", "adpcm_ima_wav", 8000),
    "wav-gsm": wav_gsm,
    "wav-pipe": lambda s: piped(s, "wav", "pcm_s16le"),
    "m4a": lambda s: encode(s, "ipod", "aac"),
    "mp4-moov-first": fast_start,
    "mp4-fragmented": lambda s: encode(
        s, "mp4", "aac", muxer={"movflags": "+frag_keyframe+empty_moov", "frag_duration": "1000000"}
    ),
    "mp4-film": lambda s: film(s, "mp4", "mpeg4", "aac"),
    "mov": lambda s: encode(s, "mov", "pcm_s16le"),
    "3gp": lambda s: encode(s, "3gp", "aac"),
    "ogg-opus": lambda s: encode(s, "ogg", "libopus"),
    "opus": lambda s: encode(s, "opus", "libopus", 48000),
    "ogg-vorbis": lambda s: encode(s, "ogg", "vorbis", layout="stereo", encoder={"strict": "-2"}),
    "flac": lambda s: encode(s, "flac", "flac"),
    "flac-pipe": lambda s: piped(s, "flac", "flac"),
    "webm": lambda s: encode(s, "webm", "libopus"),
    "webm-film": lambda s: film(s, "webm", "libvpx", "libopus"),
    "webm-pipe": lambda s: piped(s, "webm", "libopus"),
    "mkv": lambda s: encode(s, "matroska", "flac"),
    "aac": lambda s: encode(s, "adts", "aac"),
    "amr-nb": lambda s: b"#!AMR\n" + AMR_NB_FRAME * round(s * 50),
    "amr-wb": lambda s: b"#!AMR-WB\n" + AMR_WB_FRAME * round(s * 50),
    "gsm": lambda s: GSM_FRAME * round(s * 50),
    "aiff": lambda s: encode(s, "aiff", "pcm_s16be"),
    "au": lambda s: encode(s, "au", "pcm_s16be"),
    "wma": lambda s: encode(s, "asf", "wmav2", 44100, encoder={"b": "64000"}),
    "ts": lambda s: encode(s, "mpegts", "aac"),
    "avi": lambda s: film(s, "avi", "mpeg4", "libmp3lame"),
    "mpeg": lambda s: film(s, "mpeg", "mpeg2video", "mp2"),
}
FORMATS = tuple(_MAKERS)


@cache
def sample(name: str, seconds: float = SECONDS) -> bytes:
    """Return a recording of this format and length."""
    return _MAKERS[name](seconds)
