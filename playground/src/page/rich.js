// Slack's rich text as DOM nodes. Its text is shown as it is: no mark, emoji or mention is read in it.

import { h } from "./dom.js";
import { date, emoji, link, mention } from "./mrkdwn.js";

/** The nodes of a rich_text block. */
export function richTextBlock(block, names) {
  return h("div", { class: "b-section" }, (block.elements ?? []).map((element) => part(element, names)));
}

function part(element, names) {
  const read = element.type === "rich_text_list" ? part : inline;
  const inside = (element.elements ?? []).map((one) => read(one, names));
  switch (element.type) {
    case "rich_text_quote":
      return h("blockquote", { class: "rich" }, inside);
    case "rich_text_preformatted":
      return h("pre", null, inside);
    case "rich_text_list":
      return h(element.style === "ordered" ? "ol" : "ul", null, inside.map((item) => h("li", null, item)));
    default:
      return h("p", { class: "rich" }, inside);
  }
}

function inline(element, names) {
  switch (element.type) {
    case "text":
      return styled(document.createTextNode(element.text), element.style ?? {});
    case "link":
      return link(element.url, element.text ?? element.url);
    case "user":
      return mention(`@${names.person(element.user_id)}`);
    case "channel":
      return mention(`#${names.channel(element.channel_id)}`);
    case "emoji":
      return emoji(element.name);
    case "date":
      return date(element.timestamp, element.format, element.fallback ?? "", names);
    default:
      return document.createTextNode("");
  }
}

function styled(node, style) {
  const tags = { bold: "strong", italic: "em", strike: "s", code: "code" };
  return Object.entries(tags).reduce((inner, [name, tag]) => (style[name] ? h(tag, null, inner) : inner), node);
}
