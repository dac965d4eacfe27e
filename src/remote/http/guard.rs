//! Checks every request before anything but its head is read. On the thread of HTTP.
//!
//! A page of another site can make a browser send a request here. It cannot make it leave out the page's origin
//! (`Origin`, `Sec-Fetch-Site`), nor choose the name it asks under (`Host`): a name that anyone could point here is
//! refused. From other machines a token is needed as well.

use super::{
    Hall,
    reply::HttpError,
    token::{Token, cookie},
};
use crate::{config::HostName, engine::doors::Door, remote::limit::Limit};
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{AUTHORIZATION, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE, TRANSFER_ENCODING},
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// The longest head of a request, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Requests a second that are let in, and the largest burst.
const REQUESTS: (u32, u32) = (1_000, 1_000);
/// Wrong tokens a second that get an answer of their own, and the largest burst.
const WRONG_TOKENS: (u32, u32) = (5, 5);
/// The cookie the token is kept in.
pub(super) const COOKIE_NAME: &str = "busker";
/// How long a browser keeps the token: a year.
const COOKIE_SECONDS: u32 = 365 * 24 * 3600;
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks requests.
pub(super) struct Guard {
    token: Option<Token>,
    /// The host name of this machine.
    own_name: String,
    /// Other names it may be asked under.
    hosts: Vec<HostName>,
    requests: Mutex<Limit>,
    wrong_tokens: Mutex<Limit>,
}

/// Too many requests at once: this one is done only if it must arrive.
#[derive(Clone, Copy)]
pub(super) struct Late;

impl Guard {
    /// Requests need the token, where there is one, and one of these host names or this machine's own.
    pub(super) fn new(token: Option<Token>, hosts: Vec<HostName>) -> Guard {
        let limit = |(per_second, at_once)| Mutex::new(Limit::new(per_second, at_once));
        let own_name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Guard { token, own_name, hosts, requests: limit(REQUESTS), wrong_tokens: limit(WRONG_TOKENS) }
    }

    /// Whether a token is needed.
    pub(super) fn needs_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether the request comes from a page of ours, or from no page at all.
    fn place(&self, headers: &HeaderMap) -> Result<(), HttpError> {
        let refuse = |why: &str| Err(HttpError::new(StatusCode::FORBIDDEN, why));
        let Some(host) = only(headers, HOST).filter(|host| self.is_own(host)) else {
            return refuse(
                "the header Host must be an address, localhost, this machine's name or one of doors.http_hosts in the \
                 settings",
            );
        };
        if headers.contains_key(ORIGIN) {
            let own = format!("http://{host}");
            if !only(headers, ORIGIN).is_some_and(|origin| origin.eq_ignore_ascii_case(&own)) {
                return refuse("refused for pages of other sites: Origin differs from Host");
            }
        }
        if headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "cross-site") {
            return refuse("refused for pages of other sites");
        }
        Ok(())
    }

    /// Whether a `Host` can mean this machine only: an address cannot be made to point elsewhere, and this machine's
    /// names are its own.
    fn is_own(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        if host.contains('@') {
            return false;
        }
        let name = authority.host();
        let address = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
        let short = self.own_name.split('.').next().unwrap_or_default();
        let names = ["localhost", &self.own_name, short, &format!("{short}.local")];
        let mut names = names.into_iter().chain(self.hosts.iter().map(|HostName(host)| host.as_str()));
        address.parse::<IpAddr>().is_ok() || names.any(|own| !own.is_empty() && name.eq_ignore_ascii_case(own))
    }

    /// Whether the request shows the token, where one is needed.
    fn token(&self, request: &Request) -> Result<(), HttpError> {
        let Some(token) = &self.token else { return Ok(()) };
        let headers = request.headers();
        let bearer = only(headers, AUTHORIZATION).and_then(bearer);
        let cookies = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
        let kept = || cookies.filter_map(|it| cookie(it, COOKIE_NAME)).next();
        match bearer.or_else(|| in_address(request)).or_else(kept) {
            Some(shown) if token.is(shown) => Ok(()),
            Some(_) if !admits(&self.wrong_tokens) => {
                Err(HttpError::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens; wait a moment"))
            }
            Some(_) => Err(HttpError::new(StatusCode::UNAUTHORIZED, "the token is wrong")),
            None => Err(HttpError::new(
                StatusCode::UNAUTHORIZED,
                "a token is required: open the address that busker printed, or send Authorization: Bearer",
            )),
        }
    }
}

fn admits(limit: &Mutex<Limit>) -> bool {
    limit.lock().unwrap_or_else(PoisonError::into_inner).admits(Instant::now())
}

/// Whether the head is accepted: short enough, and with one length of its body at most.
///
/// hyper looks at the length of a head only where it needs more room for it, and reads a request that has both
/// `Content-Length` and `Transfer-Encoding` by the second, having removed the first. A proxy in between may read it by
/// the first, and take the rest for another request (RFC 9112, 6.3 and 11.2). So bodies must give their length here.
fn head(request: &Request) -> Result<(), HttpError> {
    let uri = request.uri();
    let line = uri.path().len() + uri.query().map_or(0, str::len);
    let header = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + ": \r\n".len();
    let bytes = line + request.headers().iter().map(header).sum::<usize>();
    if bytes > HEAD_BYTES_MAX {
        return Err(HttpError::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the request head is too long: at most {HEAD_BYTES_MAX} bytes"),
        ));
    }
    if request.headers().contains_key(TRANSFER_ENCODING) {
        return Err(HttpError::malformed("Transfer-Encoding is not supported: send the body with Content-Length"));
    }
    Ok(())
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The token in `Authorization`; its scheme is written in any case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

/// The token of an address like `/?token=…`.
fn in_address(request: &Request) -> Option<&str> {
    let query = request.uri().query().filter(|_| request.method() == Method::GET && request.uri().path() == "/")?;
    query.split('&').find_map(|pair| pair.strip_prefix("token="))
}

/// Requests that can end a sound, the song or a take are read even when too many come.
fn may_end_something(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() == Method::POST && (path == "/api/command" || path.ends_with("/stop"))
}

/// The token came with the address: it is kept as a cookie, and the browser goes to the address without it.
fn keep_token(token: &Token) -> Response {
    let age = if token.is_kept() { format!("; Max-Age={COOKIE_SECONDS}") } else { String::new() };
    let kept = format!("{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Strict{age}", token.text());
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response();
    if let Ok(kept) = HeaderValue::from_str(&kept) {
        response.headers_mut().insert(SET_COOKIE, kept);
    }
    response
}

/// Lets requests in, or refuses them.
pub(super) async fn admit(State(hall): State<Arc<Hall>>, mut request: Request, next: Next) -> Response {
    let guard = &hall.guard;
    if let Err(refusal) =
        guard.place(request.headers()).and_then(|()| guard.token(&request)).and_then(|()| head(&request))
    {
        Door::count(&hall.door.refused);
        return refusal.into_response();
    }
    if let (Some(token), Some(_)) = (&guard.token, in_address(&request)) {
        return keep_token(token);
    }
    Door::count(&hall.door.received);
    if !admits(&guard.requests) {
        if !may_end_something(&request) {
            Door::count(&hall.door.dropped);
            return HttpError::too_much().into_response();
        }
        request.extensions_mut().insert(Late);
    }
    let response = next.run(request).await;
    if matches!(
        response.status(),
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE
    ) {
        Door::count(&hall.door.refused);
    }
    response
}

#[cfg(test)]
mod tests;
