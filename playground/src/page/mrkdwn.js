// Slack's mrkdwn as DOM nodes: bold, italic, code, links, mentions, dates, emoji, quotes and the three entities.

import { h } from "./dom.js";

const EMOJI = {
  alarm_clock: "⏰", arrows_counterclockwise: "🔄", bell: "🔔", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  memo: "📝", no_entry_sign: "🚫", rotating_light: "🚨", tada: "🎉", warning: "⚠️", white_check_mark: "✅", x: "❌",
};

// In this order: code hides everything, brackets hide the marks inside them, a mark needs an edge on both sides.
const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<bracket>[^<>]+)>",
    "(?<![\\w*])\\*(?<bold>[^*\\n]+)\\*(?![\\w*])",
    "(?<!\\w)_(?<italic>[^_\\n]+)_(?!\\w)",
    "(?<![\\w~])~(?<strike>[^~\\n]+)~(?![\\w~])",
    ":(?<emoji>[a-z0-9_+-]+):",
    "(?<line>\\n)",
  ].join("|"),
  "g",
);

/**
 * The text of a mrkdwn or plain_text object, or of a message without blocks. `names` knows people and channels, and
 * which day it is.
 */
export function richText(text, names) {
  const nodes = [];
  let quote = null;
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    const quoted = /^(?:>|&gt;) ?(.*)$/.exec(line);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(...inline(quoted[1], names));
      return;
    }
    if (index > 0 && !quote) nodes.push(h("br"));
    quote = null;
    nodes.push(...inline(line, names));
  });
  return nodes;
}

function inline(text, names) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const groups = found.groups;
    if (groups.emoji && !(groups.emoji in EMOJI)) continue;
    nodes.push(plain(text.slice(end, found.index)));
    end = found.index + found[0].length;
    if (groups.code) nodes.push(h("code", null, plain(groups.code)));
    else if (groups.bracket) nodes.push(bracket(groups.bracket, names));
    else if (groups.bold) nodes.push(h("strong", null, ...inline(groups.bold, names)));
    else if (groups.italic) nodes.push(h("em", null, ...inline(groups.italic, names)));
    else if (groups.strike) nodes.push(h("s", null, ...inline(groups.strike, names)));
    else if (groups.emoji) nodes.push(emoji(groups.emoji));
    else nodes.push(h("br"));
  }
  nodes.push(plain(text.slice(end)));
  return nodes;
}

/** The same as words, for what reads aloud. */
export function spoken(text, names) {
  return richText(text, names).map((node) => node.textContent).join("").replace(/\s+/g, " ").trim();
}

function plain(text) {
  return document.createTextNode(unescape(text));
}

function unescape(text) {
  return text.replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);
}

export function emoji(name) {
  return h("span", { role: "img", "aria-label": name.replaceAll("_", " ") }, EMOJI[name] ?? `:${name}:`);
}

/** What stands between `<` and `>`. */
function bracket(content, names) {
  const bar = content.indexOf("|");
  const [target, label] = bar < 0 ? [content, ""] : [content.slice(0, bar), unescape(content.slice(bar + 1))];
  if (target.startsWith("!date^")) return dateOf(target, label, names);
  if (target.startsWith("@")) return mention(`@${label || names.person(target.slice(1))}`);
  if (target.startsWith("#")) return mention(`#${label || names.channel(target.slice(1))}`);
  if (target.startsWith("!")) return mention(`@${label || target.slice(1).split("^")[0]}`);
  if (!/^(https?|mailto):/i.test(target)) return document.createTextNode(label || unescape(target));
  return link(unescape(target), label || unescape(target));
}

export function mention(text) {
  return h("span", { class: "mention" }, text);
}

export function link(url, text) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** `!date^1700000000^{date_short_pretty} at {time}^link`. */
function dateOf(target, fallback, names) {
  const [, seconds, format, url] = target.split("^");
  const time = date(seconds, format, fallback, names);
  return url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, time) : time;
}

/** A time in a format of Slack's, in the reader's own zone. */
export function date(seconds, format, fallback, names) {
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime()) || !format) return document.createTextNode(fallback);
  const words = format.replace(/\{(\w+)\}/g, (whole, token) => part(token, at, names.now()) ?? whole);
  return h("time", { datetime: at.toISOString(), title: fallback }, words);
}

function part(token, at, now) {
  const show = (options) => at.toLocaleString([], options);
  const pretty = token.endsWith("_pretty") ? near(at, now) : null;
  switch (token.replace("_pretty", "")) {
    case "date_num":
      return at.toISOString().slice(0, 10);
    case "date":
      return pretty ?? show({ year: "numeric", month: "long", day: "numeric" });
    case "date_short":
      return pretty ?? show({ year: "numeric", month: "short", day: "numeric" });
    case "date_long":
      return pretty ?? show({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
    case "time":
      return show({ hour: "2-digit", minute: "2-digit" });
    case "time_secs":
      return show({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    default:
      return null;
  }
}

function near(at, now) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(at) - midnight(new Date(now))) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? null;
}
