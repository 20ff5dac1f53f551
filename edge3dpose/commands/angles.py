"""edge3dpose angles: joint angles, repetitions and gait of a poses file."""

from __future__ import annotations

from pathlib import Path

import click

from edge3dpose.commands._options import typed

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("poses", type=FILE)
@click.option("--out", type=FILE, help="Write the angles: FILE.csv, or FILE.mot for OpenSim.")
@click.option("--plot", type=FILE, help="Draw them over time, raw against filtered: FILE.png.")
@click.option(
    "--count", help='Repetitions: squat, pushup, situp, curl, jack or "left_knee<100,>160".'
)
@click.option("--gait", is_flag=True, help="Steps, cadence, speed, step length, stance, symmetry.")
@click.option("--track-id", type=int, help="The person.  [default: who is in most frames]")
@click.option("--clean/--no-clean", default=False, help="Fill gaps, Hampel, Butterworth.")
@click.option(
    "--cutoff-hz",
    type=click.FloatRange(0.1, 100),
    default=6.0,
    show_default=True,
    help="With --clean or --plot: cutoff of the Butterworth filter.",
)
@click.option(
    "--fill-gaps",
    type=click.IntRange(0, 100_000),
    default=100,
    show_default=True,
    help="With --clean: longest gap that is filled, frames.",
)
@click.option(
    "--camera-pitch",
    type=click.FloatRange(-90, 90),
    help="How far the camera looks down, degrees.  [default: estimated from who stands]",
)
def command(
    poses: Path,
    out: Path | None,
    plot: Path | None,
    count: str | None,
    gait: bool,
    track_id: int | None,
    clean: bool,
    cutoff_hz: float,
    fill_gaps: int,
    camera_pitch: float | None,
) -> None:
    """Joint angles of a person in POSES, a file of run --jsonl, in degrees.

    Definitions, zeros and limits: docs/angles.md.
    """
    from edge3dpose import kinematics, storage
    from edge3dpose.errors import BadInput
    from edge3dpose.kinematics import analysis
    from edge3dpose.reports import angles as words

    if out is not None and out.suffix not in (".csv", ".mot"):
        raise BadInput(f"--out {out}: wanted a name that ends in .csv or .mot")
    if (idle := typed(("cutoff_hz", "fill_gaps"))) and not clean and plot is None:
        raise BadInput(f"--{idle[0].replace('_', '-')} does nothing without --clean or --plot")
    cleaning = kinematics.Cleaning(fill_gaps, hampel=True, cutoff_hz=cutoff_hz)
    filtered = analysis.AnalysisOptions(track_id, cleaning, camera_pitch)
    raw = analysis.AnalysisOptions(track_id, camera_pitch_deg=camera_pitch)
    options = filtered if clean else raw
    found = analysis.angles(poses, options)
    if count is not None:
        click.echo(words.counter_text(analysis.count_repetitions(poses, count, options)))
    if gait:
        click.echo(words.gait_text(analysis.gait(poses, options)))
    if count is None and not gait:
        click.echo(words.angles_text(found))
    if out is not None:
        storage.write_text(out, found.to_csv() if out.suffix == ".csv" else found.to_mot())
        click.echo(f"wrote {out}", err=True)
    if plot is not None:
        words.plot_angles(analysis.angles(poses, filtered), analysis.angles(poses, raw), plot)
        click.echo(f"wrote {plot}", err=True)
