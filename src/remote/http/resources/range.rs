//! The part of a take that a request asks for: RFC 9110, 13.1.5 and 14. Pure.

use axum::http::{HeaderMap, HeaderValue, Method, header};

/// The one range that is asked for, as it is served, of so many bytes. `None` where all of it is to be served: for no
/// range, an invalid one, or more than one. RFC 9110, 14.2 leaves that to the server, and a WAV file in several parts
/// is of no use.
pub(super) fn asked_for(method: &Method, headers: &HeaderMap, length: u64) -> Option<HeaderValue> {
    let mut values = headers.get_all(header::RANGE).iter();
    let value = values.next().filter(|_| *method == Method::GET)?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (unit, ranges) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = ranges.split(',').map(str::trim).filter(|range| !range.is_empty());
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return None };
    HeaderValue::from_str(&served(range, length)?).ok()
}

fn served(range: &str, length: u64) -> Option<String> {
    Some(match range.split_once('-')? {
        ("", last) => match number(last)? {
            0 => "bytes=-0".to_owned(),
            // A request for more from the end than there is gets all of it.
            last => format!("bytes={}-", length.saturating_sub(last)),
        },
        (first, "") => format!("bytes={}-", number(first)?),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| format!("bytes={first}-{last}"))?
        }
    })
}

/// A number of digits; one that is too large is the largest.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Whether a take is unchanged for a client that has a part of it: `If-Range` has its `ETag`, and no weak one, or its
/// `Last-Modified`.
pub(super) fn is_same(if_range: &HeaderValue, take: &HeaderMap) -> bool {
    let is = |name| take.get(name).is_some_and(|known| known == if_range);
    is(header::ETAG) || is(header::LAST_MODIFIED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
        asked_for(&Method::GET, &headers, 100).map(|range| range.to_str().unwrap().to_owned())
    }

    #[test]
    fn one_range_is_served_however_it_is_written() {
        for (asked, served) in [
            ("bytes=0-9", "bytes=0-9"),
            ("Bytes = 00-09 ,", "bytes=0-9"),
            ("bytes=90-", "bytes=90-"),
            ("bytes=-10", "bytes=90-"),
            ("bytes=-1000", "bytes=0-"),
            ("bytes=-0", "bytes=-0"),
            ("bytes=50-99999999999999999999999", "bytes=50-18446744073709551615"),
            ("bytes=200-", "bytes=200-"),
        ] {
            assert_eq!(of(asked).as_deref(), Some(served), "{asked}");
        }
    }

    #[test]
    fn an_invalid_range_or_several_are_all_of_it() {
        for all in
            ["bytes=0-1,5-9", "bytes=-1, 0-0", "lines=1-2", "bytes=9-0", "bytes=a-b", "bytes=-", "bytes=", "0-9", ""]
        {
            assert_eq!(of(all), None, "{all}");
        }
        let mut twice = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-9"))]);
        assert!(asked_for(&Method::HEAD, &twice, 100).is_none() && asked_for(&Method::GET, &twice, 100).is_some());
        twice.append(header::RANGE, HeaderValue::from_static("bytes=0-9"));
        assert!(asked_for(&Method::GET, &twice, 100).is_none());
    }

    #[test]
    fn a_part_goes_on_only_with_the_same_take() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let take = HeaderMap::from_iter([
            (header::ETAG, HeaderValue::from_static("\"1-2\"")),
            (header::LAST_MODIFIED, HeaderValue::from_static(date)),
        ]);
        let same = |text: &'static str| is_same(&HeaderValue::from_static(text), &take);
        assert!(same("\"1-2\"") && same(date));
        for other in ["W/\"1-2\"", "\"1-3\"", "1-2", "Sun, 06 Nov 1994 08:49:38 GMT", "*", ""] {
            assert!(!same(other), "{other}");
        }
    }
}
