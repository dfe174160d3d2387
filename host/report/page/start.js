// Draws all figures once, and again when attempt, colours or paper change.
const figures = data.figures;
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };

function redraw(figure) {
  showLegend(figure);
  return Plotly.react(figure.plot, traces(figure), layout(figure), CONFIG);
}

const redrawAll = () => figures.forEach(redraw);

async function draw(figure) {
  const root = document.getElementById(`figure-${figure.id}`);
  for (const part of ["plot", "legend", "readout"]) figure[part] = root.querySelector(`.${part}`);
  prepare(figure);
  showLegend(figure);
  await Plotly.newPlot(figure.plot, traces(figure), layout(figure), CONFIG);
  figure.plot.on("plotly_relayout", (change) => {
    if (change["xaxis.range[0]"] !== undefined) figure.range = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (change["xaxis.autorange"]) figure.range = undefined;
  });
  const stage = root.querySelector(".stage");
  stage.addEventListener("keydown", (event) => onKey(event, figure));
  const tools = { in: () => zoom(figure, 0.5), out: () => zoom(figure, 2), reset: () => reset(figure) };
  for (const button of root.querySelectorAll("button[data-tool]")) button.addEventListener("click", tools[button.dataset.tool]);
}

function choose(event) {
  chosen = event.target.value;
  for (const figure of figures) {
    figure.range = figure.cursor = figure.stop = undefined;
    figure.readout.textContent = "";
  }
  redrawAll();
}

function onPaper(paper) {
  printing = paper;
  redrawAll();
}

async function start() {
  await loadLibrary();
  for (const figure of figures) await draw(figure);
  const select = document.getElementById("attempt");
  if (select) select.addEventListener("change", choose);
  darkQuery.addEventListener("change", redrawAll);
  addEventListener("beforeprint", () => onPaper(true));
  addEventListener("afterprint", () => onPaper(false));
  document.getElementById("charts-wait").hidden = true;
  for (const hidden of document.querySelectorAll(".needs-script")) hidden.hidden = false;
  document.documentElement.dataset.charts = "ready";
  performance.mark("charts-ready");
}

start().catch((error) => {
  document.documentElement.dataset.charts = "failed";
  document.getElementById("charts-wait").hidden = true;
  document.getElementById("charts-failed").hidden = false;
  console.error(error);
});
