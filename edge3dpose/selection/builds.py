"""A request for the engines of several cuts: built, or explained, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge3dpose import paths
from edge3dpose.compiler import cache
from edge3dpose.compiler.engine_key import EngineKey, key_of
from edge3dpose.engine_types import EngineConfig, EngineRequest
from edge3dpose.errors import AccuracyGateFailed, BuildFailed
from edge3dpose.manifest import Manifest
from edge3dpose.selection.defaults import resolve_all
from edge3dpose.selection.engine import ensure_key_built
from edge3dpose.types import Progress

# Shares of the time of a build before the backend's builder starts, and in it; then parity
BEFORE_SHARE, BUILD_SHARE = 0.1, 0.7


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """Engines to build, and how."""

    engine: EngineRequest  # its cut may be several: "3,7", "all"
    engines: Path | None = None  # folder of the cache; None for the usual one
    ranges: Path | None = None  # file of INT8 ranges; None for the usual places
    force: bool = False  # build also what the cache has

    @property
    def folder(self) -> Path:
        """The folder of the cache."""
        return self.engines or paths.engines_folder()

    def engine_keys(self) -> list[EngineKey]:
        """The key of each engine; raises what ``key_of`` raises, before anything is built."""
        return [key_of(one, ranges_file=self.ranges) for one in resolve_all(self.engine)]


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What came of one engine."""

    config: EngineConfig
    manifest: Manifest | None  # None where it could not be built
    built: bool  # False where the cache had it
    why: str  # why the cache had it, or why it was built
    error: AccuracyGateFailed | BuildFailed | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the cache has of one engine."""

    config: EngineConfig
    file: Path  # where it is, or would be
    cached: bool
    why: str  # why it would be used or built


def explain(request: BuildRequest) -> list[Explanation]:
    """What the cache has of each engine of a request, and why; nothing is built."""
    folder, explained = request.folder, []
    for key in request.engine_keys():
        found = cache.find(folder, key)
        why = cache.explain(folder, key, found)
        explained.append(Explanation(key.config, found.file, found.hit, why))
    return explained


def build_engines(request: BuildRequest, progress: Progress | None = None) -> list[BuildResult]:
    """Build the engines of a request, or find them in the cache.

    progress  called with "engine 2 of 24: build" and the share of all engines that is done
    An engine that fails (BuildFailed, AccuracyGateFailed) does not stop the others; see
    ``raise_failures``. Other errors are raised at once.
    """
    keys, results = request.engine_keys(), []
    for n, key in enumerate(keys):
        results.append(_build(key, request, _part(progress, n, len(keys))))
        if progress:
            progress(f"engine {n + 1} of {len(keys)}", (n + 1) / len(keys))
    return results


def raise_failures(results: Sequence[BuildResult]) -> None:
    """Raise the first error of the results, with how many there are."""
    errors = [result.error for result in results if result.error]
    if errors:
        first = errors[0]
        raise type(first)(f"{len(errors)} of {len(results)} engines failed; first: {first}")


def _build(key: EngineKey, request: BuildRequest, progress: Progress) -> BuildResult:
    try:
        made, found = ensure_key_built(key, request.folder, force=request.force, progress=progress)
    except (AccuracyGateFailed, BuildFailed) as error:
        return BuildResult(key.config, None, False, "", error)
    if found.hit and request.force:
        return BuildResult(key.config, made, True, "--force")
    why = cache.explain(request.folder, key, found)
    return BuildResult(key.config, made, not found.hit, why)


def _part(progress: Progress | None, n: int, count: int) -> Progress:
    """The progress of engine n of so many, as a share of all."""

    def step(what: str, share: float) -> None:
        inside = {"build": BEFORE_SHARE + BUILD_SHARE * share, "parity": BEFORE_SHARE + BUILD_SHARE}
        if progress:
            progress(f"engine {n + 1} of {count}: {what}", (n + inside.get(what, 0.0)) / count)

    return step
