//! The page in a browser, at the size of a phone: headless Chromium, driven over WebDriver.

use super::served::{PATIENCE, Served, ask_at, exchange, wait_for};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

/// A browser with one page. Dropping it ends the browser.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    fn open(home: &Path) -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is there");
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = said.find_map(|line| line.unwrap().split_once("successfully on port ").map(|it| it.1.to_owned()));
        let port = port.expect("chromedriver starts").trim_end_matches('.').parse().unwrap();
        thread::spawn(move || said.for_each(drop));
        let mut browser = Browser { driver, port, session: String::new() };
        let profile = format!("--user-data-dir={}", home.join("chromium").display());
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile,
        ];
        let phone = json!({ "deviceMetrics": { "width": 360, "height": 740, "pixelRatio": 2, "touch": true } });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": args, "mobileEmulation": phone },
        } } });
        let made = browser.ask("POST", "/session", &wanted);
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        browser
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // A browser takes long to start.
        stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let host = format!("127.0.0.1:{}", self.port);
        let headers = [("Host", host.as_str()), ("Content-Type", "application/json")];
        let reply = ask_at(stream, method, path, &headers, &body);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()["value"].clone()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("{}{path}", self.session), body)
    }

    /// The result of a script on the page.
    fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    fn press(&self, selector: &str) {
        let element = self.element(selector);
        self.run(&format!("document.querySelector('{selector}').scrollIntoView({{ block: 'center' }})"));
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// A touch that begins in the middle of an element, moves by these steps, and ends.
    fn drags(&self, selector: &str, steps: &[(i32, i32)]) {
        let origin = json!({ "element-6066-11e4-a52e-4f735466cecf": self.element(selector) });
        let at =
            |(x, y): (i32, i32)| json!({ "type": "pointerMove", "duration": 20, "origin": origin, "x": x, "y": y });
        let mut finger = vec![at((0, 0)), json!({ "type": "pointerDown" })];
        finger.extend(steps.iter().copied().map(at));
        finger.push(json!({ "type": "pointerUp" }));
        let pointer =
            json!({ "type": "pointer", "id": "finger", "parameters": { "pointerType": "touch" }, "actions": finger });
        self.post("/actions", &json!({ "actions": [pointer] }));
    }

    fn wait_for(&self, what: &str, script: &str) -> Value {
        wait_for(what, || Some(self.run(&format!("return {script}"))).filter(|it| *it != false && !it.is_null()))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // This ends the browser.
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.set_read_timeout(Some(PATIENCE));
            let text = format!("GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port);
            exchange(stream, text.as_bytes());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn a_phone_records_a_take_with_the_page() {
    let served = Served::at("0.0.0.0:0");
    let token = served.token.clone().unwrap();
    let bearer = format!("Bearer {token}");
    let headers = [("Host", "localhost"), ("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let get = |path: &str| served.ask_as("GET", path, &headers, "").json();
    let browser = Browser::open(served.home());
    browser.post("/url", &json!({ "url": served.url(&format!("/?token={token}")) }));
    browser.wait_for("the connection", "document.getElementById('link').dataset.state === 'open'");
    assert_eq!(browser.run("return location.search"), "");
    browser.wait_for("the knobs", "document.querySelectorAll('.knob').length > 20");

    browser.press("#record");
    browser.wait_for("the take", "document.getElementById('record').ariaPressed === 'true'");
    browser.wait_for("its time", "/^0:(0[1-9]|[1-5][0-9]) /.test(document.getElementById('take').textContent)");
    browser.press("#play");
    browser.wait_for("the song", "document.getElementById('position').textContent !== '1:1:000'");
    let peak = "Math.max(...[...document.querySelectorAll('[role=meter]')].map((meter) => Number(meter.ariaValueNow)))";
    assert_eq!(browser.run(&format!("return {peak}")), -60);
    let note = r#"{"command": "note.play C3 110 600"}"#;
    assert_eq!(served.ask_as("POST", "/api/command", &headers, note).status, 200);
    browser.wait_for("the meters", &format!("{peak} > -40"));

    // A touch moves a knob by as much as the finger moves.
    browser.run("[...document.querySelectorAll('#tabs button')].find((tab) => tab.textContent === 'Filter').click()");
    browser.run("document.querySelector('[aria-label=Cutoff]').scrollIntoView({ block: 'center' })");
    browser.drags("[aria-label=Cutoff]", &[(-20, 0), (-60, 0), (-100, 0)]);
    wait_for("the turn", || (get("/api/params/filter_cutoff")["value"].as_u64()? < 80 << 7).then_some(()));

    // A touch that slides over the page from a button presses nothing, wherever it goes.
    for away in [[(0, -20), (0, -120)], [(30, 0), (0, 0)], [(-40, 0), (-60, -60)]] {
        browser.drags("#record", &away);
        browser.drags("#panic", &away);
    }
    assert_eq!(browser.run("return document.getElementById('record').ariaPressed"), "true");
    browser.press("#keep");
    wait_for("the mark", || (get("/api/status")["record"]["take"]["marks"] == 1).then_some(()));
    browser.press("#record");
    browser.wait_for("the end of the take", "document.getElementById('record').ariaPressed === 'false'");
    wait_for("the file", || (get("/api/takes")[0]["state"] == "sound").then_some(()));
    browser.press("#play");
    browser.wait_for("the end of the song", "document.getElementById('play').ariaPressed === 'false'");
    browser.press("#start");
    browser.wait_for("the beginning", "document.getElementById('position').textContent === '1:1:000'");
    browser.press("#click");
    browser.wait_for("the click", "document.getElementById('click').ariaPressed === 'true'");

    // The last seconds are saved without a recording; takes are played and downloaded.
    browser.press("#keep");
    wait_for("what was kept", || (get("/api/takes").as_array()?.len() == 2).then_some(()));
    browser.press("#takes summary");
    browser.wait_for("the takes", "document.querySelectorAll('#take-list a').length === 2");
    browser.press("#take-list li:last-child button");
    browser.wait_for("the take to be heard", "document.querySelector('#take-list .heard') !== null");
    browser.press("#take-list .heard button");
    browser.wait_for("its end", "document.querySelector('#take-list .heard') === null");
    let address = browser.run("return document.querySelector('#take-list a').getAttribute('href')");
    assert_eq!(&served.ask_as("GET", address.as_str().unwrap(), &headers[..2], "").body[..4], b"RIFF");

    let knobs = || get("/api/status")["params"]["values"].clone();
    let before = knobs();
    browser.press("#dice");
    wait_for("the dice", || (knobs() != before).then_some(()));
    browser.press("#undo");
    wait_for("what was before", || (knobs() == before).then_some(()));
    browser.run(
        "const profile = document.getElementById('profile'); profile.value = 'fm_synth'; \
         profile.dispatchEvent(new Event('change'))",
    );
    wait_for("the instrument", || (get("/api/profiles")["in_use"] == "fm_synth").then_some(()));

    // Nothing is too wide, too small or without a name, and the browser logs no errors.
    assert_eq!(browser.run("return document.documentElement.scrollWidth"), 360);
    let touched =
        "[...document.querySelectorAll('button, select, input, summary, a, .slider')].filter((it) => it.offsetParent)";
    let small =
        browser.run(&format!("return {touched}.filter((it) => it.offsetHeight < 44).map((it) => it.outerHTML)"));
    assert_eq!(small, json!([]));
    let nameless = "!it.ariaLabel && !it.textContent.trim() && !it.labels?.length";
    let nameless = browser.run(&format!("return {touched}.filter((it) => {nameless}).map((it) => it.outerHTML)"));
    assert_eq!(nameless, json!([]));
    let complaints = browser.post("/se/log", &json!({ "type": "browser" }));
    assert_eq!(complaints, json!([]));
}
