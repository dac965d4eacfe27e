// What a finger means. A press ends where it began: a finger that goes over the page presses nothing.

export const SLACK_PX = 10;
export const HELD_MS = 500;
const AGAIN_MS = 120;

/// Follows one pointer at a time. `up` says whether it was a press; what moved away, or was taken back, is none.
export function follow(slack = SLACK_PX) {
  let grip = null;
  const isAt = (id, x, y) => grip !== null && grip.id === id && Math.hypot(x - grip.x, y - grip.y) <= slack;
  return {
    down: (id, x, y) => (grip ??= { id, x, y }),
    /// Whether it is still a press.
    move(id, x, y) {
      if (grip?.id === id && !isAt(id, x, y)) grip = null;
      return grip !== null;
    },
    up(id, x, y) {
      const pressed = isAt(id, x, y);
      if (grip?.id === id) grip = null;
      return pressed;
    },
    cancel: () => (grip = null),
  };
}

const place = ({ pointerId, clientX, clientY }) => [pointerId, clientX, clientY];

/// A button acts when it is let go of. The click of a browser is not waited for: it takes one back that comes right after a
/// finger went over the page. With `repeat` it acts again and again while it is held.
export function presses(button, act, repeat = false) {
  const pointer = follow();
  let held = null;
  let repeats = false;
  const letGo = () => clearTimeout(held);
  const again = () => {
    repeats = true;
    act();
    held = setTimeout(again, AGAIN_MS);
  };
  button.onpointerdown = (event) => {
    if (event.button !== 0) return;
    pointer.down(...place(event));
    repeats = false;
    letGo();
    if (repeat) held = setTimeout(again, HELD_MS);
  };
  button.onpointermove = (event) => {
    if (!pointer.move(...place(event))) letGo();
  };
  button.onpointerup = (event) => {
    letGo();
    if (pointer.up(...place(event)) && !repeats) act();
  };
  button.onpointercancel = button.onpointerleave = () => {
    letGo();
    pointer.cancel();
  };
  // Without a pointer: a key, or what reads the page aloud.
  button.onclick = (event) => event.detail === 0 && act();
}

/// What is played acts when it is touched, as an instrument does.
export function plays(button, act) {
  button.onpointerdown = (event) => event.button === 0 && act();
  button.onclick = (event) => event.detail === 0 && act();
}
