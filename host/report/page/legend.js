// Legends as buttons: they wrap on a phone, print, and are reached by Tab.
const SVG = "http://www.w3.org/2000/svg";
const STROKES = { solid: "", dash: "6 3", dot: "2 2", dashdot: "6 2 2 2", longdash: "10 3", longdashdot: "10 2 2 2" };

function drawn(shapes) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["width", 26], ["height", 12], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  for (const [kind, attributes] of shapes) {
    const shape = document.createElementNS(SVG, kind);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  }
  return svg;
}

const stroke = (color, style) => drawn([["line", { x1: 0, x2: 26, y1: 6, y2: 6, stroke: color,
  "stroke-width": 2.4, "stroke-dasharray": STROKES[style] }]]);

function patch(name) {
  const lines = { "/": ["M2 12L10 0M10 12L18 0M18 12L26 0"], x: ["M2 12L10 0M10 12L18 0M18 12L26 0M2 0L10 12M10 0L18 12M18 0L26 12"] };
  return drawn([["rect", { width: 26, height: 12, fill: theme().phases[name], stroke: theme().muted, "stroke-width": 0.5 }],
    ...(lines[HATCH[name]] || []).map((d) => ["path", { d, stroke: theme().muted, "stroke-width": 0.6, fill: "none" }])]);
}

function entry(kind, swatch, words) {
  const made = document.createElement(kind);
  made.append(swatch, document.createTextNode(words));
  return made;
}

function channelButtons(figure) {
  if (figure.channels.length < 2) return figure.channels[0] ? [entry("span", stroke(overlay() ? theme().ink : colour(0), "solid"), figure.channels[0])] : [];
  return figure.channels.map((name, c) => {
    const color = overlay() ? theme().ink : colour(c);
    const button = entry("button", stroke(color, dash(c)), name);
    button.type = "button";
    button.setAttribute("aria-pressed", String(!figure.hidden.has(c)));
    button.addEventListener("click", () => {
      if (!figure.hidden.delete(c)) figure.hidden.add(c);
      redraw(figure);
      figure.legend.querySelectorAll("button")[c].focus();
    });
    return button;
  });
}

function attemptKeys(figure) {
  if (!overlay()) return [];
  const byChannel = figure.channels.length > 1 || figure.kind === "rows";
  return attemptsShown().map((a) => entry("span", stroke(colour(rank(a)), byChannel ? "solid" : dash(rank(a))), `#${a}`));
}

function phaseKeys(figure) {
  if (!["time", "steps"].includes(figure.kind)) return [];
  const attempt = data.attempts.find((a) => a.n === attemptsShown()[0]);
  const keys = Object.keys(attempt ? attempt.phases : {}).map((name) => entry("span", patch(name), data.phaseNames[name]));
  if (overlay() && keys.length) keys.push(entry("span", drawn([]), `← #${attempt.n}`));
  const gaps = figure.gaps.some((g) => attemptsShown().includes(g.a));
  const cross = drawn([["path", { d: "M9 2L17 10M17 2L9 10", stroke: theme().mark, "stroke-width": 1.4 }]]);
  return gaps ? [...keys, entry("span", cross, "缺口 gap")] : keys;
}

function showLegend(figure) {
  const groups = [channelButtons(figure), attemptKeys(figure), phaseKeys(figure)].filter((g) => g.length);
  figure.legend.replaceChildren(...groups.map((group) => {
    const box = document.createElement("div");
    box.append(...group);
    return box;
  }));
}
