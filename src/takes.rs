//! Takes as files: their names, and what happened to them. Pure.

/// What a mark in a take tells that nobody made by hand.
pub enum Happening {
    Gap { frames: u64 },
    Xrun,
}
impl std::fmt::Display for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Happening::Gap { frames } => write!(f, "gap {frames} frames"),
            Happening::Xrun => f.write_str("xrun"),
        }
    }
}
pub fn safe_name(name: &str) -> String {
    let name = name.strip_suffix(".wav").unwrap_or(name);
    let plain = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    name.trim().trim_start_matches('.').chars().map(plain).take(100).collect::<String>().trim().to_owned()
}
