"""The benchmark problems as the peers see them: constants in SI units, images, reports."""

import json
import resource
import sys
import zlib

import numpy as np

# P1, steady oxygen.
P1 = dict(length=2e-3, diffusivity=2e-9, outside=0.2, uptake=1e-2, km=7.5e-3)
# P4, coupled culture; n = cells over capacity.
P4 = dict(
    length=2e-3, end=21 * 86400.0, oxygen=2e-9, glucose=6e-10, lactate=1e-9, cells=1e-14,
    q_oxygen=1e-2, q_glucose=4e-3, q_lactate=6.4e-3, k_oxygen=7.5e-3, k_glucose=0.5, k_lactate=20.0,
    k_growth=1e-2, k_death=5e-3, growth=6.4e-6, death=5e-6, c0=0.2, g0=5.5, n0=0.05,
)
# CRC-32 of the packed bits of the images of P3.
CHECKS = {
    ("gyroid", 128): 3210204390, ("gyroid", 256): 2152348573,
    ("blobs", 128): 349029868, ("blobs", 256): 1366858372,
}


def gyroid(n, cells=4, level=0.31):
    """True where the fluid is: sin x cos y + sin y cos z + sin z cos x < level."""
    a = 2 * np.pi * cells * (np.arange(n) + 0.5) / n
    s, c = np.sin(a), np.cos(a)
    xy = s[:, None, None] * c[None, :, None]
    yz = s[None, :, None] * c[None, None, :]
    return xy + yz + s[None, None, :] * c[:, None, None] < level


def blobs(n, sigma=4.0, porosity=0.6, seed=2024):
    """True where periodic noise, smoothed by a Gaussian of `sigma` voxels, is below its quantile."""
    noise = np.random.default_rng(seed).standard_normal((n, n, n))
    k, half = 2 * np.pi * np.fft.fftfreq(n), 2 * np.pi * np.fft.rfftfreq(n)
    f, g = np.exp(-0.5 * sigma**2 * k**2), np.exp(-0.5 * sigma**2 * half**2)
    smooth = np.fft.rfftn(noise) * f[:, None, None] * f[None, :, None] * g[None, None, :]
    smooth = np.fft.irfftn(smooth, s=(n,) * 3, axes=(0, 1, 2))
    return smooth < np.quantile(smooth, porosity)


def image(kind, n):
    """An image of P3, checked bit for bit."""
    pores = {"gyroid": gyroid, "blobs": blobs}[kind](n)
    wanted = CHECKS.get((kind, n))
    if wanted and zlib.crc32(np.packbits(pores)) != wanted:
        sys.exit(f"{kind} {n} is not the image of the benchmark")
    return pores


def report(seconds, **values):
    """One line of JSON: what `cargo bench --bench problems` prints."""
    # Processes of one MPI run add up their memory themselves.
    peak = values.pop("peak_mib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    print(json.dumps({"seconds": seconds, "peak_mib": peak, **values}), flush=True)


if __name__ == "__main__":
    kind, n, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    image(kind, n).astype(np.uint8).tofile(path)
