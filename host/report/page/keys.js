// Keyboard: arrows move a cursor and say what is there, + and - zoom, Escape goes back.
const live = document.getElementById("live");
let speaking = 0;
function speak(words) {
  clearTimeout(speaking);
  speaking = setTimeout(() => { live.textContent = words; }, 200);
}

const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"]];
function said(value, unit) {
  const short = (v) => String(Number(v.toPrecision(5)));
  if (!["B", "Hz", "W", "J", "A", "V"].includes(unit) || value === 0) return `${short(value)} ${unit}`.trim();
  const [scale, prefix] = PREFIXES.find(([s]) => Math.abs(value) >= s) || PREFIXES.at(-1);
  return `${short(value / scale)} ${prefix}${unit}`;
}

function nearest(xs, x) {
  let low = 0;
  let high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1; else high = middle;
  }
  return low > 0 && x - xs[low - 1] < xs[low] - x ? low - 1 : low;
}

function phaseAt(x) {
  const attempt = data.attempts.find((a) => a.n === attemptsShown()[0]);
  const found = Object.entries(attempt ? attempt.phases : {}).find(([, spans]) => spans.some(([a, b]) => a * 1e-6 <= x && x <= b * 1e-6));
  return found ? data.phaseNames[found[0]] : "";
}

// Places the cursor can stand on: [position, what to say].
function stops(figure) {
  if (figure.kind === "rows") {
    return rowsShown(figure).sort((a, b) => a.y - b.y).map((row) => [row.y, () =>
      `${row.name}, #${row.a}: 预填充 prefill ${said(row.prefill[1] - row.prefill[0], "s")}, 全长 whole ${said(row.end, "s")}, 画出词元 tokens drawn ${row.ticks.length}`]);
  }
  const lines = linesShown(figure);
  if (!lines.length) return [];
  const longest = lines.reduce((a, b) => (b.xs.length > a.xs.length ? b : a));
  return longest.xs.map((x, i) => [x, () => at(figure, lines, x, i)]).filter((_, i) => longest.y[i] !== null);
}

function at(figure, lines, x, i) {
  if (figure.kind === "bars") {
    const width = lines[0].xs[1] - lines[0].xs[0];
    const end = i === lines[0].xs.length - 1 ? "…" : said(x + width, figure.xUnit);
    return `${said(x, figure.xUnit)} – ${end}: ${lines.map((l) => `#${l.a} ${l.y[i]}`).join(", ")}`;
  }
  const values = lines.slice(0, 8).map((line) => {
    const value = line.y[nearest(line.xs, x)];
    return `${lineName(figure, line)} ${value === null ? "缺口 gap" : said(value, figure.yUnit)}`;
  });
  const phase = figure.kind === "share" ? "" : phaseAt(x);
  return [said(x, figure.xUnit), phase, ...values].filter(Boolean).join(" · ");
}

function move(figure, by) {
  const places = stops(figure);
  if (!places.length) return;
  const last = places.length - 1;
  const from = figure.stop === undefined ? (by > 0 ? -1 : last + 1) : figure.stop;
  figure.stop = Math.max(0, Math.min(last, from + by));
  const [position, words] = places[figure.stop];
  figure.cursor = position;
  follow(figure, position);
  figure.readout.textContent = words();
  speak(figure.readout.textContent);
  Plotly.relayout(figure.plot, { shapes: shapes(figure), ...(figure.range ? { "xaxis.range": figure.range } : {}) });
}

const onAxis = (figure, x) => (figure.log ? Math.log10(x) : x);

function follow(figure, position) {
  if (!figure.range || figure.kind === "rows") return;
  const [a, b] = figure.range;
  const x = onAxis(figure, position);
  if (x < a || x > b) figure.range = [x - (b - a) / 2, x + (b - a) / 2];
}

function zoom(figure, factor) {
  const [a, b] = figure.plot.layout.xaxis.range;
  const middle = figure.cursor === undefined || figure.kind === "rows" ? (a + b) / 2 : onAxis(figure, figure.cursor);
  figure.range = [middle - (middle - a) * factor, middle + (b - middle) * factor];
  Plotly.relayout(figure.plot, { "xaxis.range": figure.range });
}

function reset(figure) {
  figure.range = figure.cursor = figure.stop = undefined;
  figure.readout.textContent = "";
  redraw(figure);
  speak("复位 reset");
}

function onKey(event, figure) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const far = event.shiftKey ? 20 : 1;
  const actions = {
    ArrowRight: () => move(figure, far), ArrowDown: () => move(figure, far),
    ArrowLeft: () => move(figure, -far), ArrowUp: () => move(figure, -far),
    Home: () => move(figure, -Infinity), End: () => move(figure, Infinity),
    "+": () => zoom(figure, 0.5), "=": () => zoom(figure, 0.5), "-": () => zoom(figure, 2), _: () => zoom(figure, 2),
    Escape: () => reset(figure),
  };
  if (!Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
}
