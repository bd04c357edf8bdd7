"""`python -m local replay`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from local import client
from local.replay import dataset, evaluations, live, months
from local.replay.alone import Sample, alone
from local.replay.answers import FirstAnswers
from local.replay.behaviour import goods_back
from local.replay.doors import Doors
from local.replay.recompute import COMPARED, recompute
from local.replay.simulation import Simulation
from local.workspace import Workspace

PROGRAM_FILE = Path(__file__).parent / "program.json"
OFFERS_FILE = Path(__file__).parent / "offers.json"
REWARDS_FILE = Path(__file__).parent / "rewards.json"
# The data set's year, and half of the next, for who looks around after it.
_OFFERED: dict[str, str] = {
    "valid_from": "2017-01-01T00:00:00Z",
    "expires_at": "2018-07-01T00:00:00Z",
}
_LINES_OF_PROGRESS = 20
_SHOWN_DIFFERENCES = 20
# Days without a zone, as the command line has them.
_FIRST_DAY = datetime.fromisoformat("2017-01-01")
_LAST_DAY = datetime.fromisoformat("2017-12-31")


def replay(
    households: Annotated[
        int, typer.Option(min=1, help="How many households of the data set.")
    ] = 40,
    first_day: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])] = _FIRST_DAY,
    last_day: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Inclusive.")
    ] = _LAST_DAY,
    with_cycles: Annotated[
        bool,
        typer.Option(
            "--cycles", help="Check the monthly reports too, and run every cycle once more."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Equal seeds on a fresh state give equal tables.")] = 1,
) -> None:
    """Send a real grocer's orders through the real doors and recompute every figure."""
    console = Console()
    workspace = Workspace.from_environment()
    client.get(workspace, "/_local/clock")  # Nothing is remembered where no cloud answers.
    doors = Doors(workspace)
    sample = Sample(households, first_day.date(), last_day.date(), seed)
    with alone(workspace, sample):
        differences = _replay(console, workspace, doors, sample, with_cycles=with_cycles)
    raise typer.Exit(1 if differences else 0)


def _replay(
    console: Console, workspace: Workspace, doors: Doors, sample: Sample, *, with_cycles: bool
) -> list[str]:
    """Send and recompute; print the table and what differs, and return that."""
    began = time.monotonic()
    days, seed = (sample.first_day, sample.last_day), sample.seed
    start, end = _instants(*days)
    baskets = dataset.baskets(sample.households, *days, seed)
    returns = [goods for basket in baskets if (goods := goods_back(basket, seed))]
    deliveries = len(baskets) + sum(1 for goods in returns if goods.at < end)
    doors.stepped_from(start)
    _save_program(doors)
    offers = _add_offers(doors)
    _add_rewards(doors)
    with _progress(console, deliveries) as tick:
        answers = FirstAnswers(workspace.replay_answers_file)
        simulation = Simulation(doors, baskets, offers, seed, answers, tick)
        journal = simulation.run(start, end)
    differences: list[str] = []
    evaluated = evaluations.evaluated_months(start, end + timedelta(days=4))
    if with_cycles:
        end = evaluations.close_year(doors, end)
        differences += evaluations.run_again(doors, workspace, evaluated)
    report = doors.check_ledger()
    state = live.read(workspace)
    console.print(_table(live.table(state)))
    sampled = {basket.household for basket in baskets}
    found = live.customers(state, sampled, start, end)
    expected, figures = recompute(
        journal,
        found,
        doors.program()["definition"],
        decisions=live.decisions(state, sampled),
        start=start,
        end=end,
    )
    differences += [*live.broken_invariants(state), *_differences(found, expected)]
    if with_cycles:
        differences += evaluations.wrong_figures(doors, figures, evaluated)
    if not report["balanced"]:
        differences += [f"ledger check: {violation}" for violation in report["violations"]]
    for difference in differences[:_SHOWN_DIFFERENCES]:
        console.print(f"[red]{difference}[/red]")
    # Last, as that is what `status` shows of the demo.
    console.print(
        f"{len(expected)} households recomputed ({', '.join(COMPARED)}), "
        f"{report['entries']} ledger entries checked, "
        f"{_reports(evaluated) if with_cycles else ''}"
        f"{len(differences)} differences, {time.monotonic() - began:.0f} s",
        soft_wrap=True,
    )
    return differences


@contextmanager
def _progress(console: Console, deliveries: int) -> Iterator[Callable[[], None]]:
    """Yield what is called after each delivery: a bar in a terminal, lines in a file."""
    with Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("orders and returns", total=deliveries)

        def tick() -> None:
            progress.advance(task)
            done = int(progress.tasks[0].completed)
            if progress.disable and done % -(-deliveries // _LINES_OF_PROGRESS) == 0:
                console.print(f"{done:,} of {deliveries:,} orders and returns")

        yield tick


def _instants(first_day: date, last_day: date) -> tuple[datetime, datetime]:
    start = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
    return start, datetime(last_day.year, last_day.month, last_day.day, tzinfo=UTC) + timedelta(
        days=1
    )


def _reports(evaluated: list[str]) -> str:
    figures = len(months.HEALTH) + len(months.ROI)
    return f"{len(evaluated)} months' reports of {figures} figures, every cycle run twice, "


def _save_program(doors: Doors) -> None:
    """Save the demo's program definition, unless it, or a later one, is saved already."""
    current = doors.program()
    if current["version"] == 0:
        definition: dict[str, Any] = json.loads(PROGRAM_FILE.read_text())
        doors.save_program({"based_on_version": 0, "definition": definition})


def _add_offers(doors: Doors) -> dict[str, int]:
    """Add the demo's offers; return their bonus points by id."""
    offers: list[dict[str, Any]] = json.loads(OFFERS_FILE.read_text())
    for offer in offers:
        doors.add_offer(offer | _OFFERED)
    return {offer["offer_id"]: offer.get("points", 0) for offer in offers}


def _add_rewards(doors: Doors) -> None:
    """Add the demo's rewards; nobody in the replay redeems any."""
    for reward in json.loads(REWARDS_FILE.read_text()):
        doors.add_reward(reward)


def _differences(found: pd.DataFrame, expected: pd.DataFrame) -> list[str]:
    columns = list(COMPARED)
    compared = expected[columns].compare(
        found[columns].astype(expected[columns].dtypes), result_names=("expected", "found")
    )
    return [
        f"household {household}: {row.dropna().to_dict()}" for household, row in compared.iterrows()
    ]


def _table(figures: dict[str, int]) -> Table:
    table = Table(title="The year")
    table.add_column("figure")
    table.add_column("count", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,}")
    return table
