// The takes: each can be heard through the station and downloaded. Read anew when it is looked at, and when one is made.

import { element } from "/knobs.js";
import { presses } from "/touch.js";

const SHOWN = 12;

const time = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

const about = ({ state, seconds, made }) => {
  if (state === "recording") return "is being recorded";
  if (state !== "sound") return state === "needs_repair" ? "its header is broken" : "is not a take";
  return `${seconds === null ? "" : `${time(seconds)} · `}${made}`;
};

/// The list of takes in `panel`; what comes back reads it, and says which take is heard.
export function takesIn(panel, list, ask, failed) {
  let shown = SHOWN;
  let heard = null;
  let takes = [];
  // What is shown of each, by name: a button under a finger stays where it is.
  let rows = new Map();

  const make = (take) => {
    const row = element("li", "");
    const text = element("p", "");
    text.append(element("b", "", take.name), element("small", "", about(take)));
    row.append(text);
    if (take.state !== "sound") return { row, mark() {} };
    const hear = element("button", "");
    hear.type = "button";
    presses(hear, () => ask(heard === take.name ? "take.stop" : `take.play ${take.name}`));
    const load = element("a", "button", "Download");
    const file = `${take.name}.wav`;
    Object.assign(load, { href: `/api/takes/${encodeURIComponent(file)}`, download: file, ariaLabel: `Download ${file}` });
    row.append(hear, load);
    const mark = () => {
      row.classList.toggle("heard", heard === take.name);
      hear.textContent = heard === take.name ? "Stop" : "Hear";
      hear.ariaLabel = `${hear.textContent} ${take.name}`;
    };
    return { row, mark };
  };

  const more = element("button", "more");
  more.type = "button";
  presses(more, () => ((shown += 4 * SHOWN), draw()));

  const draw = () => {
    const key = (take) => `${take.name}\n${about(take)}`;
    rows = new Map(takes.slice(0, shown).map((take) => [key(take), rows.get(key(take)) ?? make(take)]));
    more.textContent = `${takes.length - shown} more`;
    const all = [...[...rows.values()].map(({ row }) => row), ...(takes.length > shown ? [more] : [])];
    const same = all.length === list.children.length && all.every((row, at) => row === list.children[at]);
    if (!same) list.replaceChildren(...all);
    rows.forEach(({ mark }) => mark());
  };

  const read = async () => {
    if (!panel.open) return;
    const answer = await fetch("/api/takes").catch(() => null);
    const said = await answer?.json().catch(() => null);
    if (!answer?.ok) return failed(said?.error ?? "the takes cannot be read; reopen the list");
    takes = said;
    draw();
  };

  panel.ontoggle = () => {
    shown = SHOWN;
    read();
  };
  return {
    read,
    heard(name) {
      if (name === heard) return;
      heard = name;
      rows.forEach(({ mark }) => mark());
    },
  };
}
