// The knobs of the profile: how a value is shown, and how a finger turns it.

const exponential = (x) => (2 ** (4 * x) - 1) / 15;
const logarithmic = (x) => Math.log2(1 + 15 * x) / 4;
const even = (x) => x;
// From the place of the knob to the part of its range, and back.
const SHARE = { Exponential: exponential, Logarithmic: logarithmic };
const PLACE = { Exponential: logarithmic, Logarithmic: exponential };

const SENDS_A_SECOND = 30;
const DOUBLE_TAP_MS = 320;
// So far a finger goes before it turns the knob and not the page.
const SLACK_PX = 6;
const THUMB_PX = 22;

const clamp = (x) => Math.min(1, Math.max(0, x));

function placeOf({ lo, hi, curve }, value) {
  return hi > lo ? (PLACE[curve] ?? even)(clamp((value - lo) / (hi - lo))) : 0;
}

function valueAt({ lo, hi, curve }, place) {
  return lo + Math.round((SHARE[curve] ?? even)(clamp(place)) * (hi - lo));
}

function shown(param, value) {
  const { lo, hi, unit, centered, display_ends: ends } = param;
  const centre = lo + Math.ceil((hi - lo) / 2);
  let number = centered ? value - centre : value;
  if (ends) number = Math.round(ends[0] + ((value - lo) / (hi - lo || 1)) * (ends[1] - ends[0]));
  return `${centered && number > 0 ? "+" : ""}${number}${unit ? ` ${unit}` : ""}`;
}

export function element(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

/// A knob with a few words to choose from.
function choice(param, row, say) {
  const select = document.createElement("select");
  for (const { label } of param.options) select.add(new Option(label));
  select.ariaLabel = param.label;
  select.onchange = () => say(`param.set ${param.name} ${select.value}`, true);
  row.append(select);
  const nearest = (value) => {
    const away = param.options.map((option) => Math.abs(option.value - value));
    return away.indexOf(Math.min(...away));
  };
  return (value) => (select.selectedIndex = nearest(value));
}

/// A knob that turns freely: a finger moves it by as much as it goes itself, so that scrolling never turns one.
function slider(param, row, say) {
  const track = element("div", "slider");
  const moving = element("i", "moving");
  const text = element("span", "shown");
  track.append(element("i", "bar"), element("i", "thumb"), moving);
  track.style.setProperty("--from", param.centered ? 0.5 : 0);
  track.classList.toggle("from-end", !param.centered);
  row.append(text, track);
  Object.assign(track, { role: "slider", tabIndex: 0, ariaLabel: param.label, ariaValueMin: 0, ariaValueMax: 100 });

  let place = 0;
  let grip = null;
  let tapped = -Infinity;
  let waiting = null;

  const draw = (value) => {
    track.style.setProperty("--place", place);
    text.textContent = shown(param, value);
    track.ariaValueNow = Math.round(place * 100);
    track.ariaValueText = text.textContent;
  };
  const send = () => {
    if (waiting) return;
    waiting = setTimeout(() => {
      waiting = null;
      say(`param.set ${param.name} ${place.toFixed(5)}`);
    }, 1000 / SENDS_A_SECOND);
  };
  const turn = (to) => {
    place = clamp(to);
    draw(valueAt(param, place));
    send();
  };
  const at = (event) => {
    const { left, width } = track.getBoundingClientRect();
    return (event.clientX - left - THUMB_PX / 2) / (width - THUMB_PX);
  };

  track.onpointerdown = (event) => {
    if (event.button !== 0) return;
    track.setPointerCapture(event.pointerId);
    grip = { x: event.clientX, at: at(event), place, turns: event.pointerType === "mouse" };
    track.classList.add("held");
    if (grip.turns) turn((grip.place = grip.at));
  };
  track.onpointermove = (event) => {
    if (!grip) return;
    grip.turns ||= Math.abs(event.clientX - grip.x) > SLACK_PX;
    if (grip.turns) turn(grip.place + at(event) - grip.at);
  };
  track.onpointerup = (event) => {
    const still = grip && Math.abs(event.clientX - grip.x) <= SLACK_PX;
    const twice = still && event.timeStamp - tapped < DOUBLE_TAP_MS;
    tapped = still && !twice ? event.timeStamp : -Infinity;
    if (twice) {
      clearTimeout(waiting);
      waiting = null;
      say(`param.reset ${param.name}`);
    }
    track.onpointercancel();
  };
  track.onpointercancel = () => {
    grip = null;
    track.classList.remove("held");
  };
  const keys = {
    ArrowRight: "1", ArrowUp: "1", ArrowLeft: "-1", ArrowDown: "-1", PageUp: "10", PageDown: "-10",
  };
  track.onkeydown = (event) => {
    if (event.key in keys) say(`param.step ${param.name} ${keys[event.key]}`);
    else if (event.key === "Home") turn(0);
    else if (event.key === "End") turn(1);
    else if (event.key === "Delete") say(`param.reset ${param.name}`);
    else return;
    event.preventDefault();
  };

  return (value, motion) => {
    row.classList.toggle("moved", Boolean(motion));
    moving.hidden = !motion;
    if (motion) track.style.setProperty("--moved", placeOf(param, motion.value));
    if (grip || waiting) return;
    place = placeOf(param, value);
    draw(value);
  };
}

/// Draws the knobs of a profile into their sections; the answer shows where they stand.
export function drawKnobs(profile, tabs, sections, say) {
  const before = [...tabs.children].find((tab) => tab.ariaSelected === "true")?.textContent;
  tabs.replaceChildren();
  sections.replaceChildren();
  const show = (title) => {
    for (const tab of tabs.children) tab.ariaSelected = String(tab.textContent === title);
    for (const panel of sections.children) panel.classList.toggle("shown", panel.dataset.title === title);
  };
  const knobs = new Map();
  profile.sections.forEach((title, section) => {
    const tab = element("button", "", title);
    Object.assign(tab, { type: "button", role: "tab", onclick: () => show(title) });
    const panel = element("section", "panel");
    panel.dataset.title = title;
    panel.ariaLabel = title;
    panel.append(element("h2", "", title));
    for (const param of profile.params.filter((param) => param.section === section)) {
      const row = element("div", "knob");
      row.append(element("span", "label", param.label));
      knobs.set(param.name, (param.options.length ? choice : slider)(param, row, say));
      panel.append(row);
    }
    tabs.append(tab);
    sections.append(panel);
  });
  show(profile.sections.includes(before) ? before : profile.sections[0]);
  return ({ values, motion }) => knobs.forEach((draw, name) => draw(values[name], motion[name]));
}
