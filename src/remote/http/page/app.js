// The page: one WebSocket to the station. What it tells is drawn, what is touched becomes a command.

import { drawKnobs, element } from "/knobs.js";
import { takesIn } from "/takes.js";
import { plays, presses } from "/touch.js";

const FLOOR_DB = -60;
const INFO_MS = 6000;
// At rest nothing is told: after the first the station is asked, and after the second it is not there any more.
const SILENCE_MS = { asked: 3000, gone: 3000 };
// The number of that question; others count from 1.
const THERE = 0;
const RETRY_MS = { first: 500, most: 8000 };

const $ = (id) => document.getElementById(id);
const word = (name) => (/\s/.test(name) ? `"${name}"` : name);
const nameOf = (path) => path.split("/").pop().replace(/\.wav$/i, "");
const clock = (seconds, digits = 0) => {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(digits).padStart(digits ? 3 + digits : 2, "0")}`;
};

let socket = null;
let retry = RETRY_MS.first;
let retrying = null;
let silence = null;
let asked = 0;
let status = {};
let drawValues = () => {};
let inUse = "";
const takes = takesIn($("takes"), $("take-list"), ask, (why) => tell("error", why));

// Talking

function ask(command) {
  say(command, true);
}

function say(command, wantsAnswer = false) {
  if (socket?.readyState !== WebSocket.OPEN) return tell("error", "not connected; the command was not sent");
  socket.send(JSON.stringify({ type: "do", command, ...(wantsAnswer && { id: ++asked }) }));
}

function connect() {
  clearTimeout(retrying);
  let opened = false;
  const mine = (socket = new WebSocket(`ws://${location.host}/api/events`));
  const gone = () => {
    if (socket !== mine) return;
    socket = null;
    clearTimeout(silence);
    link("gone", `not connected, retry in ${Math.ceil(retry / 1000)} s`);
    retrying = setTimeout(connect, retry);
    retry = Math.min(2 * retry, RETRY_MS.most);
    if (!opened) lookForToken();
  };
  // Closing waits for the other side, which may not be there: it is gone before that.
  const leave = () => (gone(), mine.close());
  const areYouThere = () => {
    silence = setTimeout(leave, SILENCE_MS.gone);
    if (mine.readyState === WebSocket.OPEN) mine.send(JSON.stringify({ type: "do", command: "record.status", id: THERE }));
  };
  const stillThere = () => {
    clearTimeout(silence);
    silence = setTimeout(areYouThere, SILENCE_MS.asked);
  };
  stillThere();
  mine.onopen = () => {
    opened = true;
    takes.read();
    retry = RETRY_MS.first;
    link("open", "connected");
  };
  mine.onmessage = ({ data }) => {
    if (socket !== mine) return;
    stillThere();
    const told = JSON.parse(data);
    tellers[told.type]?.(told);
  };
  mine.onclose = gone;
}

/// A station that was started again has another token.
async function lookForToken() {
  const answer = await fetch("/api/profiles").catch(() => null);
  if (answer?.status === 401) tell("error", "the token changed: open the address that the station printed");
}

function link(state, text) {
  $("link").dataset.state = state;
  $("link").textContent = text;
  document.body.classList.toggle("gone", state !== "open");
}

let fading = null;
function tell(severity, text) {
  clearTimeout(fading);
  const message = $("message");
  message.dataset.severity = severity;
  message.textContent = text;
  message.hidden = false;
  // What failed stays until it is read.
  if (severity === "info") fading = setTimeout(() => (message.hidden = true), INFO_MS);
}

// Hearing

const tellers = {
  profile({ profile }) {
    $("instrument").textContent = profile.name;
    drawValues = drawKnobs(profile, $("tabs"), $("sections"), say);
    inUse = profile.id;
    drawInstruments();
  },
  status({ changes }) {
    Object.assign(status, changes);
    for (const part of Object.keys(changes)) parts[part]?.(changes[part]);
  },
  position: drawPlace,
  meters: ({ inputs, outputs }) => drawMeters([...inputs, ...outputs]),
  answer: ({ id, done, text }) => id !== THERE && text && tell(done ? "info" : "error", text),
  leave: ({ why }) => tell("warning", why),
  event: (event) => {
    if (takesChange.has(event.event)) takes.read();
    const text = events[event.event]?.(event);
    if (text) tell(event.severity ?? "info", text);
  },
};

const takesChange = new Set(["take_started", "take_finished", "take_measured", "session_opened"]);

const events = {
  notice: ({ text }) => text,
  take_started: ({ path }) => `recording ${nameOf(path)}`,
  take_finished: ({ path, gap_frames }) =>
    `${nameOf(path)} is finished${gap_frames ? `; the disk was too slow for ${gap_frames} frames` : ""}`,
  instrument_used: ({ name }) => `playing ${name}`,
  port_connected: ({ name }) => `${name} is connected`,
  port_gone: ({ name }) => `${name} disconnected; it reconnects when it returns`,
  quit: () => "the station ends",
};

const parts = {
  transport(transport) {
    drawPlace(transport);
    $("bpm").textContent = transport.bpm.toFixed(1);
  },
  params(params) {
    drawValues(params);
    drawSnapshots();
  },
  morph: drawSnapshots,
  record: drawRecord,
  click_on: (on) => ($("click").ariaPressed = String(on)),
  audition: (audition) => takes.heard(audition && nameOf(audition.path)),
  ports: drawInstruments,
  instrument: drawInstruments,
  profiles: drawInstruments,
  inputs: drawLevels,
  outputs: drawLevels,
};

// Drawing

function drawPlace({ playing, position, seconds }) {
  const beat = Number(position.split(":")[1]);
  document.body.classList.toggle("playing", playing);
  $("position").textContent = position.replace(/:(\d+)$/, (_, tick) => `:${tick.padStart(3, "0")}`);
  $("seconds").textContent = clock(seconds, 1);
  [...$("beats").children].forEach((mark, at) => mark.classList.toggle("now", at + 1 === beat));
  $("play").ariaPressed = String(playing);
  $("play").firstChild.textContent = playing ? "■" : "▶";
  $("play").lastChild.textContent = playing ? "Stop" : "Play";
}

function drawRecord({ is_recording, take, waits_for }) {
  document.body.classList.toggle("recording", is_recording);
  $("record").ariaPressed = String(is_recording);
  $("record").firstElementChild.textContent = is_recording ? "■" : "●";
  const under_way = take ? `${clock(Math.floor(take.seconds))} ${nameOf(take.path)}` : `waiting for ${waits_for ?? "the disk"}`;
  $("take").textContent = is_recording ? under_way : "Record";
  $("keep").firstElementChild.textContent = is_recording ? "⚑" : "↶";
  $("keep").lastElementChild.textContent = is_recording ? "Mark" : "Keep";
}

/// What may be chosen, where that is another than what is shown: a list that is open stays.
function drawChoice(select, choices, chosen) {
  const same = [...select.options].map((option) => option.value + option.text).join("\n");
  if (same !== choices.map(({ value, text }) => value + text).join("\n")) {
    select.replaceChildren(...choices.map(({ value, text }) => new Option(text, value)));
  }
  select.value = chosen;
}

function drawInstruments() {
  const ports = (status.ports ?? []).map(({ name, output }, at) => ({ value: String(at + 1), text: name, output }));
  drawChoice($("port"), ports.filter(({ output }) => output), String(status.instrument));
  drawChoice($("profile"), (status.profiles ?? []).map((id) => ({ value: id, text: id })), inUse);
}

function drawSnapshots() {
  const buttons = (status.params?.snapshots ?? []).map((name) => {
    const button = element("button", status.morph?.name === name ? "morphing" : "", name);
    button.type = "button";
    presses(button, () => ask(`snapshot.recall ${word(name)} ${$("glide").value}`));
    return button;
  });
  const same = [...$("snapshots").children].map((it) => it.textContent + it.className).join("\n");
  // A button under a finger stays where it is.
  if (same !== buttons.map((it) => it.textContent + it.className).join("\n")) $("snapshots").replaceChildren(...buttons);
}

function drawLevels() {
  if (status.inputs && status.outputs) drawMeters([...status.inputs.meters, ...status.outputs]);
}

function meterNames() {
  const { channels, meters } = status.inputs;
  const sides = (name, count) => Array.from({ length: count }, (_, at) => `${name} ${count === 2 ? "LR"[at] : at + 1}`);
  return [...sides(channels === "synth" ? "synth" : "in", meters.length), ...sides("out", status.outputs.length)];
}

function makeMeters() {
  const made = meterNames().map((name) => {
    const meter = element("div", "meter");
    const track = element("div", "track");
    track.append(element("i", "level"), element("i", "hold"));
    meter.append(element("span", "name", name), track, element("span", "number"));
    Object.assign(track, { role: "meter", ariaLabel: `${name} in dB`, ariaValueMin: FLOOR_DB, ariaValueMax: 0 });
    return meter;
  });
  $("meters").replaceChildren(...made);
}

function drawMeters(levels) {
  if (!status.inputs) return;
  if ($("meters").children.length !== levels.length) makeMeters();
  const percent = (db) => 100 * Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
  levels.forEach(({ peak_db, hold_db, clipped }, at) => {
    const [, track, number] = $("meters").children[at].children;
    const [level, hold] = track.children;
    level.style.clipPath = `inset(0 ${100 - percent(peak_db)}% 0 0)`;
    hold.style.left = `calc(${percent(hold_db)}% - 2px)`;
    hold.hidden = hold_db <= FLOOR_DB;
    number.textContent = clipped ? "CLIP" : hold_db <= FLOOR_DB ? "" : hold_db.toFixed(1);
    track.ariaValueNow = Math.round(Math.max(FLOOR_DB, peak_db));
    $("meters").children[at].classList.toggle("clipped", clipped);
  });
  $("clear").hidden = !levels.some(({ clipped }) => clipped);
}

// Touching

const is = (state) => document.body.classList.contains(state);

presses($("play"), () => ask(is("playing") ? "transport.stop" : "transport.play"));
presses($("record"), () => ask(is("recording") ? "record.stop" : "record.start"));
presses($("keep"), () => ask(is("recording") ? "record.mark" : "record.capture"));
presses($("panic"), () => ask("midi.panic"));
presses($("start"), () => ask("transport.locate 1:1:0"));
presses($("click"), () => ask("click.on toggle"));
presses($("undo"), () => ask("param.undo"));
presses($("redo"), () => ask("param.redo"));
presses($("dice"), () => ask("param.random"));
presses($("mutate"), () => ask("param.mutate 10"));
plays($("tap"), () => say("clock.tap"));
presses($("slower"), () => say("clock.nudge -1"), true);
presses($("faster"), () => say("clock.nudge 1"), true);
presses($("clear"), () => ask("meter.clear"));
$("message").onclick = () => ($("message").hidden = true);
$("port").onchange = () => ask(`port.use ${$("port").value}`);
$("profile").onchange = () => ask(`profile.use ${$("profile").value}`);
$("save").onsubmit = (event) => {
  event.preventDefault();
  const name = $("name").value.trim().replace(/[\s"]+/g, "_");
  if (!name) return $("name").focus();
  ask(`snapshot.save ${name}`);
  $("name").value = "";
  $("name").blur();
};
document.addEventListener("visibilitychange", () => {
  // Whoever takes the phone in hand does not want to wait.
  if (!document.hidden && !socket) connect();
});

connect();
