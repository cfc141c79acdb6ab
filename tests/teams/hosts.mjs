// How Teams shows cards in its two themes, as far as a layout depends on it: sizes, spacings, colours, and how many
// actions it shows. The values are our own approximation of what a screenshot of Teams shows.

const THEMES = {
  light: {
    background: "#ffffff", text: "#242424", subtle: "#616161", emphasis: "#f5f5f5",
    accent: ["#4f52b2", "#e8ebfa"], good: ["#0e700e", "#f1faf1"],
    warning: ["#835c00", "#fef9ee"], attention: ["#b10e1c", "#fdf3f4"],
  },
  dark: {
    background: "#292929", text: "#ffffff", subtle: "#adadad", emphasis: "#333333",
    accent: ["#a4a9fb", "#2b2b4f"], good: ["#54b054", "#0b2e0b"],
    warning: ["#f2c661", "#3a2a00"], attention: ["#f1707b", "#3f0d12"],
  },
};

export const themes = Object.keys(THEMES);

/** The colour behind a card. */
export const background = (theme) => THEMES[theme].background;

/** The host configuration that the renderer takes. */
export function hostConfig(theme) {
  const colours = THEMES[theme];
  const pair = (colour, subtle) => ({ default: colour, subtle: subtle ?? colour });
  const foregroundColors = {
    default: pair(colours.text, colours.subtle),
    dark: pair(colours.text, colours.subtle),
    light: pair(colours.subtle),
    accent: pair(colours.accent[0]),
    good: pair(colours.good[0]),
    warning: pair(colours.warning[0]),
    attention: pair(colours.attention[0]),
  };
  const style = (backgroundColor) => ({ backgroundColor, foregroundColors });
  const fontSizes = { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 };
  const fontWeights = { lighter: 300, default: 400, bolder: 600 };
  return {
    supportsInteractivity: true,
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    separator: { lineThickness: 1, lineColor: colours.subtle },
    fontTypes: {
      default: { fontFamily: "'Segoe UI', system-ui, sans-serif", fontSizes, fontWeights },
      monospace: { fontFamily: "monospace", fontSizes, fontWeights },
    },
    containerStyles: {
      default: style(colours.background),
      emphasis: style(colours.emphasis),
      accent: style(colours.accent[1]),
      good: style(colours.good[1]),
      warning: style(colours.warning[1]),
      attention: style(colours.attention[1]),
    },
    actions: {
      maxActions: 6,
      spacing: "default",
      buttonSpacing: 8,
      showCard: { actionMode: "inline", inlineTopMargin: 12, style: "emphasis" },
      actionsOrientation: "horizontal",
      actionAlignment: "left",
    },
    inputs: {
      label: {
        inputSpacing: "small",
        requiredInputs: { suffix: " *", suffixColor: "attention" },
        optionalInputs: {},
      },
      errorMessage: { color: "attention", spacing: "small" },
    },
    adaptiveCard: { allowCustomStyle: false },
  };
}
