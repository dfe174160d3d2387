// Colours of the charts. Okabe and Ito's palette, darkened or lightened to 3:1 on its ground;
// lines differ by dash as well, phases by lightness and hatching.
const LIGHT = {
  ink: "#1c2530", muted: "#55606e", grid: "#e3e7ec", ground: "#ffffff", mark: "#1c2530",
  lines: ["#0067a5", "#c44e00", "#00795a", "#a23b7b", "#7a6400", "#3d4a9e", "#8a3324", "#4a5560"],
  phases: { load: "#b9c2cc", idle: "#eef1f4", warmup: "#d8c9b0", prefill: "#9cc9e8", decode: "#e2efe0", throttled: "#f2b8b0" },
};
const DARK = {
  ink: "#e6eaf0", muted: "#a3aebb", grid: "#2c3440", ground: "#171c23", mark: "#e6eaf0",
  lines: ["#5eb8ee", "#f09a4f", "#3fc59b", "#e592c3", "#d8c750", "#9aa8ff", "#e08a78", "#b8c2cc"],
  phases: { load: "#4a5563", idle: "#20262e", warmup: "#4d432f", prefill: "#24506e", decode: "#233327", throttled: "#6e2f2a" },
};
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const HATCH = { load: "/", warmup: "x", idle: "", prefill: "", decode: "", throttled: "\\" };
const darkQuery = matchMedia("(prefers-color-scheme: dark)");
let printing = false;
const theme = () => (darkQuery.matches && !printing ? DARK : LIGHT);
const colour = (i) => theme().lines[i % theme().lines.length];
const dash = (i) => DASHES[i % DASHES.length];
