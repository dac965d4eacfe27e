//! Constants shared by the readers of profiles: the fields of a parameter, and the maximum length of a name.

/// The field that makes a parameter a macro.
pub(super) const DRIVES: &str = "drives";
/// Maximum length of a name, label, title or port hint, in characters: wider than any panel shows them.
pub(super) const NAME_CHARS_MAX: usize = 48;

/// Every field of a parameter; the short form gives name and section in another way.
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
