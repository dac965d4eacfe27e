//! Address patterns: `?` is one letter, `*` any number of them, `[a-c]` one of these, `[!a-c]` one of the others,
//! `{this,that}` one of these words; none of them goes beyond a `/`. Pure.
//!
//! rosc's own matcher is another one: its `*` requires one letter at least, its `[..]` takes several, its `[!..]` goes
//! beyond the `/`, and it never tries again with a shorter `*`, so that `/*/s*t` misses `/record/start`. Here all ways
//! are followed at once: the cost of a match is at most the length of the pattern times that of the address.

/// An address that may match several.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Letter(u8),
    AnyLetter,
    AnyText,
    Class { of: Vec<(u8, u8)>, not: bool },
    Choice(Vec<Vec<u8>>),
}

impl Pattern {
    /// Whether an address contains a character of a pattern.
    pub fn is_one(address: &str) -> bool {
        address.contains(['?', '*', '[', ']', '{', '}'])
    }

    /// Parses it; `None` where a bracket is not closed or is empty.
    pub fn new(text: &str) -> Option<Pattern> {
        let mut parts = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let (part, after) = match first {
                b'?' => (Part::AnyLetter, after),
                b'*' => (Part::AnyText, after),
                b'[' => bracketed(after, b']').and_then(|(inside, after)| Some((class(inside)?, after)))?,
                b'{' => bracketed(after, b'}').and_then(|(inside, after)| Some((choice(inside)?, after)))?,
                b']' | b'}' => return None,
                letter => (Part::Letter(*letter), after),
            };
            if part != Part::AnyText || parts.last() != Some(&Part::AnyText) {
                parts.push(part);
            }
            rest = after;
        }
        Some(Pattern(parts))
    }

    /// Whether it matches this address.
    pub fn matches(&self, address: &str) -> bool {
        self.ends(address.as_bytes()).last() == Some(&true)
    }

    /// Whether it matches this address, or one above it.
    pub fn covers(&self, address: &str) -> bool {
        let ends = self.ends(address.as_bytes());
        ends.last() == Some(&true) || ends.iter().zip(address.bytes()).any(|(ends, next)| *ends && next == b'/')
    }

    /// For every place in the address, whether the pattern may end there.
    fn ends(&self, address: &[u8]) -> Vec<bool> {
        let mut places = vec![false; address.len() + 1];
        let mut next = places.clone();
        places[0] = true;
        for part in &self.0 {
            next.fill(false);
            (0..places.len()).for_each(|at| part.follow(address, at, &places, &mut next));
            std::mem::swap(&mut places, &mut next);
            if !places.contains(&true) {
                break;
            }
        }
        places
    }
}

impl Part {
    /// Marks in `next` where this part may end where it begins at this place of the address, if the parts before it may
    /// end there.
    fn follow(&self, address: &[u8], at: usize, places: &[bool], next: &mut [bool]) {
        let rest = &address[at..];
        let letter = rest.first().filter(|letter| **letter != b'/');
        let length = match self {
            // Where it may end, it may also end a letter later.
            Part::AnyText => {
                let is_longer = at > 0 && next[at - 1] && address[at - 1] != b'/';
                (places[at] || is_longer).then_some(0)
            }
            _ if !places[at] => None,
            Part::Letter(wanted) => (rest.first() == Some(wanted)).then_some(1),
            Part::AnyLetter => letter.map(|_| 1),
            Part::Class { of, not } => {
                letter.filter(|letter| of.iter().any(|(a, z)| (a..=z).contains(letter)) != *not).map(|_| 1)
            }
            Part::Choice(words) => {
                words.iter().filter(|word| rest.starts_with(word)).for_each(|word| next[at + word.len()] = true);
                None
            }
        };
        if let Some(length) = length {
            next[at + length] = true;
        }
    }
}

/// The text before the closing bracket, and after it.
fn bracketed(text: &[u8], close: u8) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|letter| *letter == close)?;
    (end > 0).then(|| (&text[..end], &text[end + 1..]))
}

fn class(inside: &[u8]) -> Option<Part> {
    let (not, mut rest) = inside.strip_prefix(b"!").map_or((false, inside), |rest| (true, rest));
    let mut of = Vec::new();
    while let [first, after @ ..] = rest {
        let (last, after) = match after {
            [b'-', last, after @ ..] => (last, after),
            _ => (first, after),
        };
        of.push((*first.min(last), *first.max(last)));
        rest = after;
    }
    (!of.is_empty()).then_some(Part::Class { of, not })
}

fn choice(inside: &[u8]) -> Option<Part> {
    let words: Vec<Vec<u8>> = inside.split(|letter| *letter == b',').map(<[u8]>::to_vec).collect();
    words.iter().all(|word| !word.is_empty()).then_some(Part::Choice(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, address: &str) -> bool {
        Pattern::new(pattern).is_some_and(|pattern| pattern.matches(address))
    }

    #[test]
    fn every_bracket_and_star_does_what_osc_says() {
        for pattern in [
            "/record/start",
            "/record/start*",
            "/*/s*t",
            "/*/*",
            "/rec?rd/[r-t]tar[!a-s]",
            "/{record,take}/{stop,start}",
            "/rec*/{sta,start}",
            "/[!a-q]ecord/[a-z-]*",
        ] {
            assert!(matches(pattern, "/record/start"), "{pattern}");
        }
        for pattern in
            ["/record/star", "/record", "/*", "/*/?", "/record?start", "/record[!a]start", "/recor[cd]*", "/{}/start"]
        {
            assert!(!matches(pattern, "/record/start"), "{pattern}");
        }
        for broken in ["/[", "/]", "/{a", "/a}", "/[]", "/[!]", "/{}", "/{a,}", "/{,}"] {
            assert_eq!(Pattern::new(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_pattern_covers_the_addresses_below_it() {
        let covers = |pattern: &str| Pattern::new(pattern).unwrap().covers("/status/transport/bpm");
        assert!(["/status", "/status/transport", "/status/*", "/status/{record,transport}/b*"].into_iter().all(covers));
        assert!(!["/stat", "/status/trans", "/status/*/bpm/x", "/status/"].into_iter().any(covers));
    }

    #[test]
    fn an_evil_pattern_ends() {
        let address = format!("/{}", "a".repeat(255));
        for evil in ["*a", "*?", "*", "*[a-z]", "*{a,aa}"] {
            let evil = format!("/{}b", evil.repeat(250 / evil.len()));
            assert!((0..100).all(|_| !matches(&evil, &address)), "{evil}");
        }
    }

    proptest! {
        #[test]
        fn an_address_matches_itself_alone(address in "(/[a-z0-9_]{1,6}){1,4}", other in "(/[a-z0-9_]{1,6}){1,4}") {
            prop_assert_eq!(matches(&address, &other), address == other);
        }

        #[test]
        fn no_pattern_panics(pattern in "[/a-c?*{},!\\[\\]-]{0,40}", address in "[/a-c]{0,20}") {
            if let Some(pattern) = Pattern::new(&pattern) {
                prop_assert!(!pattern.matches(&address) || pattern.covers(&address));
            }
        }
    }
}
