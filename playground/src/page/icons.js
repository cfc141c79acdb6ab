// Emoji as pictures of our own, so that nobody needs a font that has them. Each is drawn on a field of 16 by 16.

const SVG = "http://www.w3.org/2000/svg";
const LINES = { fill: "none", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" };

const tile = (colour, d) => [
  ["rect", { x: 1, y: 1, width: 14, height: 14, rx: 3, class: `icon-${colour}` }],
  ["path", { d, class: "icon-on", ...LINES }],
];
const lines = (colour, d) => [["path", { d, class: `icon-line-${colour}`, ...LINES }]];
const ring = (colour, d) => [
  ["circle", { cx: 8, cy: 8, r: 6.4, class: `icon-line-${colour}`, ...LINES }],
  ["path", { d, class: `icon-line-${colour}`, ...LINES }],
];
const HOURGLASS = lines("warn", "M4 2h8M4 14h8M5 2c0 4 6 4 6 6s-6 2-6 6M11 2c0 4-6 4-6 6s6 2 6 6");

const DRAWN = {
  "✅": tile("good", "M4.4 8.4l2.4 2.4 4.8-5.4"),
  "❌": lines("bad", "M3.5 3.5l9 9M12.5 3.5l-9 9"),
  "⏳": HOURGLASS,
  "⌛": HOURGLASS,
  "⏰": ring("warn", "M8 4.6V8l2.4 1.6M2 3.4l2-1.9M14 3.4l-2-1.9"),
  "🔄": lines("busy", "M13 6a5.4 5.4 0 0 0-10-.6M3 2.4v3h3M3 10a5.4 5.4 0 0 0 10 .6M13 13.6v-3h-3"),
  "🚫": ring("bad", "M3.7 3.7l8.6 8.6"),
  "➡": tile("busy", "M4 8h7.4M8.4 4.8L11.6 8l-3.2 3.2"),
  "🔔": lines("warn", "M3 11.6c1.6-1.4 1.2-4.6 1.6-6a3.5 3.5 0 0 1 6.8 0c.4 1.4 0 4.6 1.6 6zM6.8 14h2.4"),
  "📝": lines("busy", "M3 2h7.6v12H3zM5.4 5.4h2.8M5.4 8.4h2.8M9 11.6l4.6-5"),
  "🚨": lines("bad", "M3 13.6h10M4.6 13V9a3.4 3.4 0 0 1 6.8 0v4M8 1.4v1.8M2.4 3.8l1.2 1M13.6 3.8l-1.2 1"),
  "⚠": lines("warn", "M8 2l6.4 11.6H1.6zM8 6.4v3.2M8 11.6v.2"),
  "🎉": lines("good", "M2.4 13.6L6 5.4l4.6 4.6zM9 4.4c0-1.6 1-2.4 2-2.4M12 7.4c1 0 2-.6 2-1.6"),
  "👁": [
    ["path", { d: "M1.4 8C3 5.2 5.4 3.8 8 3.8S13 5.2 14.6 8C13 10.8 10.6 12.2 8 12.2S3 10.8 1.4 8z", class: "icon-line-dim", ...LINES, "stroke-width": 1.5 }],
    ["circle", { cx: 8, cy: 8, r: 2, class: "icon-dim" }],
  ],
};

const EMOJI = new RegExp(`(${Object.keys(DRAWN).join("|")})\\uFE0F?`, "u");

/** The pieces of a text, with what we have a picture of as a picture; the text alone if there is none. */
export function withIcons(text) {
  const found = EMOJI.exec(text);
  if (!found) return [text];
  const rest = text.slice(found.index + found[0].length);
  return [text.slice(0, found.index), icon(found[1]), ...withIcons(rest)].filter((piece) => piece !== "");
}

function icon(emoji) {
  const picture = node("svg", { class: "icon", viewBox: "0 0 16 16", role: "img", "aria-label": emoji });
  picture.append(...DRAWN[emoji].map(([name, attributes]) => node(name, attributes)));
  return picture;
}

function node(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
