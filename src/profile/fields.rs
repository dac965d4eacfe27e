//! What every reader of profiles knows: the fields of a parameter, and how long a name may be.

/// The field that makes a parameter a macro.
pub(super) const DRIVES: &str = "drives";
/// Longest name, label, title or port hint, in characters: wider than any panel shows them.
pub(super) const NAME_CHARS_MAX: usize = 48;

/// Every field of a parameter; the short form names and places it by other means.
pub(super) const PARAM_FIELDS: &[&str] = &[
    "name",
    "label",
    "section",
    "cc",
    "lsb",
    "lsb_bits",
    "nrpn",
    "rpn",
    "pitchbend",
    "program",
    DRIVES,
    "range",
    "default",
    "curve",
    "options",
    "centered",
    "unit",
    "display",
    "spacing_ms",
    "smoothing_ms",
    "random",
];
