// Axes, marks and size of a figure.
const narrow = () => innerWidth < 600;
const coarse = matchMedia("(pointer: coarse)").matches;

function axis(more) {
  const { grid, muted } = theme();
  return { gridcolor: grid, linecolor: muted, tickcolor: muted, zeroline: false, automargin: true,
    tickfont: { color: muted, size: 12 }, ...more };
}

function height(figure) {
  if (figure.kind !== "rows") return narrow() ? 240 : 280;
  const rows = rowsShown(figure);
  const places = new Set(rows.map((row) => row.place)).size;
  const each = Math.max(26, 9 * attemptsShown().length);
  return Math.max(150, Math.min(900, 60 + places * each));
}

function yAxis(figure) {
  const placed = { overlaying: figure.kind === "share" || figure.kind === "bars" || figure.kind === "rows"
    ? undefined : "y", side: "left" };
  if (figure.kind === "rows") {
    const rows = rowsShown(figure);
    const names = new Map(rows.map((row) => [row.place, row.name]).sort((a, b) => a[0] - b[0]));
    return axis({ ...placed, showgrid: false, range: [names.size - 0.4, -0.6], fixedrange: true,
      tickvals: [...names.keys()], ticktext: [...names.values()].map((n) => literal(brief(n))) });
  }
  const format = figure.yUnit ? { tickformat: "~s", ticksuffix: figure.yUnit } : { tickformat: "~g" };
  const foot = figure.kind === "bars" || figure.kind === "steps" ? "tozero" : "normal";
  return axis({ ...placed, ...format, rangemode: foot, tickmode: "auto", nticks: 6 });
}

function markShapes(figure) {
  return figure.marks.map((mark, i) => ({ type: "line", xref: "x", yref: "paper", x0: mark.x, x1: mark.x,
    y0: 0, y1: 1, line: { color: theme().mark, width: 1.2, dash: dash(i) } }));
}

function markNotes(figure) {
  return figure.marks.map((mark, i) => ({ xref: "x", yref: "paper", yanchor: "top",
    x: figure.log ? Math.log10(mark.x) : mark.x, y: 0.99 - 0.09 * i, showarrow: false,
    xanchor: "left", xshift: 4, font: { size: 11, color: theme().ink }, bgcolor: theme().ground,
    text: literal(`${mark.name} ${mark.value}`) }));
}

function cursorShape(figure) {
  const at = figure.cursor;
  if (at === undefined) return [];
  const across = figure.kind === "rows"
    ? { xref: "paper", yref: "y2", x0: 0, x1: 1, y0: at, y1: at }
    : { xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1 };
  return [{ type: "line", ...across, line: { color: theme().ink, width: 1.5 } }];
}

function shapes(figure) {
  const rows = figure.kind === "rows" ? rowShapes(figure) : [];
  return [...rows, ...markShapes(figure), ...cursorShape(figure)];
}

function layout(figure) {
  const { ink, ground, muted } = theme();
  return {
    height: height(figure), margin: { l: 48, r: 10, t: 6, b: 34 }, showlegend: false,
    paper_bgcolor: ground, plot_bgcolor: ground, width: printing ? 680 : undefined,
    font: { family: "system-ui, sans-serif", size: 12, color: ink },
    hovermode: figure.kind === "rows" ? false : linesShown(figure).length > 8 ? "closest" : "x unified",
    hoverlabel: { bgcolor: ground, bordercolor: muted, font: { color: ink, size: 12 } },
    dragmode: coarse ? false : "zoom",
    xaxis: axis({ type: figure.log ? "log" : "linear", range: figure.range, rangemode: "normal",
      ticksuffix: figure.xUnit ? ` ${figure.xUnit}` : "", nticks: narrow() ? 5 : 10,
      ...(figure.log ? { dtick: "D2" } : {}), tickformat: "~g" }),
    yaxis: { visible: false, range: [0, 1], fixedrange: true },
    yaxis2: yAxis(figure),
    shapes: shapes(figure),
    annotations: markNotes(figure),
  };
}
