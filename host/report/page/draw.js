// Figures from the page's data. Nothing here computes a result: it only places what is given.
const data = JSON.parse(document.getElementById("charts-data").textContent);
const ALL = "all";
let chosen = ALL;

// plotly reads a small markup in its texts; what a device said must stay text.
const literal = (words) => words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const brief = (words) => {
  const most = innerWidth < 600 ? 16 : 34;
  return words.length > most ? `${words.slice(0, most - 1)}…` : words;
};
const sums = (steps, scale) => {
  let at = 0;
  return steps.map((step) => (at += step) * scale);
};

const valid = data.attempts.filter((a) => a.status === "valid");
const overlaid = (valid.length ? valid : data.attempts).map((a) => a.n);
const attemptsShown = () => (chosen === ALL ? overlaid : [Number(chosen)]);
const rank = (attempt) => data.attempts.findIndex((a) => a.n === attempt);
const overlay = () => attemptsShown().length > 1;
const MOST_LINES_AT_FIRST = 6;

function prepare(figure) {
  for (const line of figure.lines) line.xs = sums(line.x, figure.step);
  for (const gap of figure.gaps) gap.xs = sums(gap.x, figure.step);
  const at_once = Math.max(2, Math.floor(MOST_LINES_AT_FIRST / Math.min(3, overlaid.length)));
  figure.hidden = new Set([...figure.channels.keys()].filter((c) => c >= at_once));
}

const linesShown = (figure) => {
  const attempts = attemptsShown();
  return figure.lines.filter((l) => attempts.includes(l.a) && !figure.hidden.has(l.c));
};

function look(figure, line) {
  if (!overlay()) return { colour: colour(line.c), dash: dash(line.c) };
  const byChannel = figure.channels.length > 1;
  return { colour: colour(rank(line.a)), dash: dash(byChannel ? line.c : rank(line.a)) };
}

const lineName = (figure, line) => {
  const attempt = `#${line.a}`;
  return figure.channels.length > 1 || figure.channels[0]
    ? `${figure.channels[line.c]} ${attempt}` : attempt;
};

function lineTraces(figure) {
  const shape = figure.kind === "time" ? "linear" : "hv";
  return linesShown(figure).flatMap((line) => {
    const { colour: color, dash: stroke } = look(figure, line);
    const name = literal(lineName(figure, line));
    const hovertemplate = `%{y:${figure.yUnit ? ".5~s" : ".5~g"}}${figure.yUnit}<extra>${name}</extra>`;
    const whole = { type: "scatter", mode: "lines", x: line.xs, y: line.y, yaxis: "y2", name,
      hovertemplate, line: { color, dash: stroke, width: 1.6, shape } };
    const alone = lonely(line);
    if (!alone.length) return [whole];
    return [whole, { type: "scatter", mode: "markers", yaxis: "y2", name, hovertemplate,
      x: alone.map((i) => line.xs[i]), y: alone.map((i) => line.y[i]), marker: { color, size: 3 } }];
  });
}

// Points between two gaps: a line of one point would not be seen.
const lonely = (line) => {
  const none = (i) => line.y[i] === null || line.y[i] === undefined;
  return [...line.y.keys()].filter((i) => !none(i) && none(i - 1) && none(i + 1));
};

function phaseTraces() {
  const attempt = data.attempts.find((a) => a.n === attemptsShown()[0]);
  return Object.entries(attempt ? attempt.phases : {}).map(([name, spans]) => ({
    type: "scatter", mode: "lines", fill: "toself", hoverinfo: "skip", yaxis: "y",
    x: spans.flatMap(([a, b]) => [a * 1e-6, a * 1e-6, b * 1e-6, b * 1e-6, null]),
    y: spans.flatMap(() => [0, 1, 1, 0, null]),
    line: { width: 0 }, fillcolor: theme().phases[name],
    fillpattern: { shape: HATCH[name], size: 6, solidity: 0.15, fgcolor: theme().muted, bgcolor: theme().phases[name] },
  }));
}

function gapTrace(figure) {
  const attempts = attemptsShown();
  const x = figure.gaps.filter((g) => attempts.includes(g.a)).flatMap((g) => g.xs);
  if (!x.length) return [];
  return [{ type: "scatter", mode: "markers", x, y: x.map(() => 0.03), yaxis: "y",
    hovertemplate: "缺口 gap<extra></extra>",
    marker: { symbol: "x-thin", size: 6, line: { width: 1.2, color: theme().mark } } }];
}

// A histogram as an outline, so that attempts can lie over each other.
function outlineTraces(figure) {
  return linesShown(figure).map((line) => {
    const { colour: color, dash: stroke } = look(figure, line);
    const end = 2 * line.xs.at(-1) - line.xs.at(-2);
    return { type: "scatter", mode: "lines", yaxis: "y2", x: [...line.xs, end], y: [...line.y, line.y.at(-1)],
      name: lineName(figure, line), hovertemplate: "%{y}<extra>%{fullData.name}</extra>",
      line: { color, dash: stroke, width: 1.6, shape: "hv" },
      fill: overlay() ? "none" : "tozeroy", fillcolor: `${color}40` };
  });
}

// Rows of an attempt with their names; an item that comes again is counted.
function named(group) {
  const seen = new Map();
  return group.r.map(([label, prefill, end, ticks, warmup]) => {
    const count = (seen.get(label) || 0) + 1;
    seen.set(label, count);
    return { a: group.a, name: count > 1 ? `${label} (${count})` : label, prefill, end, ticks, warmup };
  });
}

// Rows of one attempt in its own order; of several, the same request of each side by side.
function rowsShown(figure) {
  const groups = figure.rows.filter((g) => attemptsShown().includes(g.a)).map(named);
  const rows = groups.flat();
  const ordered = [...rows.filter((row) => row.warmup), ...rows.filter((row) => !row.warmup)];
  const places = new Map([...new Set(ordered.map((row) => row.name))].map((name, i) => [name, i]));
  return groups.flatMap((group, i) => group.map((row) => {
    const place = places.get(row.name);
    const lane = (i - (groups.length - 1) / 2) * (0.8 / groups.length);
    return { a: row.a, name: row.name, place, y: place + lane, half: 0.34 / groups.length,
      prefill: row.prefill.map((t) => t * figure.step), end: row.end * figure.step,
      ticks: sums(row.ticks, figure.step) };
  }));
}

// Rows are drawn as three paths an attempt: a trace would make an element of each tick.
function rowShapes(figure) {
  const rows = rowsShown(figure);
  return attemptsShown().flatMap((attempt) => {
    const own = rows.filter((row) => row.a === attempt);
    const color = overlay() ? colour(rank(attempt)) : colour(0);
    const path = (of, more) => ({ type: "path", xref: "x", yref: "y2", path: own.map(of).join(""),
      line: { color, width: 1 }, ...more });
    if (!own.length) return [];
    return [
      path(({ prefill: [a, b], y, half: h }) => `M${a},${y - h}L${b},${y - h}L${b},${y + h}L${a},${y + h}Z`,
        { fillcolor: `${color}66` }),
      path(({ prefill, end, y }) => `M${prefill[1]},${y}L${end},${y}`),
      path(({ ticks, y, half: h }) => ticks.map((t) => `M${t},${y - h}L${t},${y + h}`).join("")),
    ];
  });
}

function rowTraces(figure) {
  const ends = rowsShown(figure).map((row) => row.end);
  return [{ type: "scatter", mode: "lines", yaxis: "y2", hoverinfo: "skip", line: { width: 0 },
    x: [0, Math.max(0, ...ends)], y: [0, 0] }];
}

const traces = (figure) => {
  if (figure.kind === "rows") return rowTraces(figure);
  if (figure.kind === "bars") return outlineTraces(figure);
  const shaded = figure.kind === "share" ? [] : phaseTraces();
  return [...shaded, ...lineTraces(figure), ...gapTrace(figure)];
};
