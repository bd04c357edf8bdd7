"""Pictures of reports as SVG, drawn by pygal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pygal
from pygal.style import Style

if TYPE_CHECKING:
    from loyalty.services.charts import Chart, ChartKind

_CHARTS: Final[dict[ChartKind, Any]] = {
    "lines": pygal.Line,
    "bars": pygal.Bar,
    "stacked bars": pygal.StackedBar,
}
_SANS: Final = "system-ui, sans-serif"
# The colours of the pages; told apart by people who see few of them, and on a dark page too, as
# a picture brings its own light ground.
_STYLE: Final = Style(
    background="#fffdf9",
    plot_background="#fffdf9",
    foreground="#665d4e",
    foreground_strong="#262118",
    foreground_subtle="#e2dac9",
    guide_stroke_color="#e2dac9",
    guide_stroke_dasharray="0",
    major_guide_stroke_color="#e2dac9",
    major_guide_stroke_dasharray="0",
    opacity="1",
    opacity_hover="1",
    transition="0s",
    stroke_width=2.5,
    font_family=_SANS,
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=13,
    no_data_font_size=18,
    colors=("#755716", "#d3a544", "#2f6f73", "#96302a", "#7d8aa5", "#b9c7b0"),
)


def svg(chart: Chart) -> str:
    """Return a chart as an SVG document without scripts; its title is told by the page."""
    drawn = _CHARTS[chart.kind](
        style=_STYLE,
        js=(),
        width=720,
        height=320,
        margin=12,
        margin_bottom=26,
        min_scale=2,
        max_scale=6,
        show_legend=len(chart.series) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=4,
        legend_box_size=11,
        show_y_guides=True,
        truncate_legend=24,
        truncate_label=-1,
        dots_size=2.5,
        include_x_axis=True,
        disable_xml_declaration=True,
        no_data_text="Nothing yet",
        value_formatter=_figure,
    )
    drawn.add_xml_filter(_without_scripts)
    drawn.x_labels = chart.labels
    for name, values in chart.series.items():
        drawn.add(name, list(values))
    document: str = drawn.render(is_unicode=True)
    return document


def _without_scripts(root: Any) -> Any:
    """Drop what pygal adds for its tooltips; a picture in a page runs nothing anyway."""
    for parent in list(root.iter()):
        for script in parent.findall("script"):
            parent.remove(script)
    return root


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
