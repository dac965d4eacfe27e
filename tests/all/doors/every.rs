//! Every command of the table, through every kind of connection: each knows it, and requires the same arguments.

use super::{
    attach::socket::Stranger,
    http::served::{Served, Socket},
    osc::stage::Client,
    outcome::run,
    served,
};
use busker::{
    command::{COMMANDS, CommandSpec},
    remote::osc::table,
};
use rosc::OscType;
use serde_json::json;
use std::path::PathBuf;

/// The reply to a command without arguments: done, or the reason.
trait Door {
    fn name(&self) -> &'static str;
    fn ask(&mut self, row: &CommandSpec) -> Result<(), String>;
}

struct OneShot(PathBuf);

impl Door for OneShot {
    fn name(&self) -> &'static str {
        "busker do"
    }

    fn ask(&mut self, row: &CommandSpec) -> Result<(), String> {
        match run(&self.0, &["do", row.name]) {
            (0, _, _) => Ok(()),
            (_, _, err) => Err(err),
        }
    }
}

impl Door for Stranger {
    fn name(&self) -> &'static str {
        "the socket"
    }

    fn ask(&mut self, row: &CommandSpec) -> Result<(), String> {
        self.send_message(&json!({ "type": "do", "command": row.name, "id": 1 }));
        let answer = self.next("answer");
        let text = answer["text"].as_str().unwrap().to_owned();
        if answer["done"] == true { Ok(()) } else { Err(text) }
    }
}

impl Door for Client {
    fn name(&self) -> &'static str {
        "OSC"
    }

    fn ask(&mut self, row: &CommandSpec) -> Result<(), String> {
        let address = table::address(row);
        self.say(&address, []);
        // Commands without a reply are followed by this one: commands run in order.
        if address != "/record/status" {
            self.say("/record/status", []);
        }
        let mut said = Ok(());
        loop {
            for message in self.hear() {
                match (&message.args[..], message.addr.as_str()) {
                    ([OscType::String(at), OscType::String(why)], "/error") if *at == address => {
                        said = Err(why.clone())
                    }
                    ([OscType::String(at), ..], "/reply") if at == "/record/status" => return said,
                    _ => {}
                }
            }
        }
    }
}

struct Resource<'a>(&'a Served);

impl Door for Resource<'_> {
    fn name(&self) -> &'static str {
        "HTTP"
    }

    fn ask(&mut self, row: &CommandSpec) -> Result<(), String> {
        let reply = self.0.command(row.name);
        if reply.status == 200 { Ok(()) } else { Err(reply.json()["error"].as_str().unwrap().to_owned()) }
    }
}

impl Door for Socket {
    fn name(&self) -> &'static str {
        "WebSocket"
    }

    fn ask(&mut self, row: &CommandSpec) -> Result<(), String> {
        let (done, text) = self.command(row.name);
        if done { Ok(()) } else { Err(text) }
    }
}

#[test]
fn every_command_is_reached_through_every_door() {
    let all = ["--osc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    let served = Served::of(served::Served::start(&all));
    let home = served.program().home();
    let mut doors: Vec<Box<dyn Door + '_>> = vec![
        Box::new(Stranger::greeted(home, "ask")),
        Box::new(OneShot(home.to_owned())),
        Box::new(Client::at(served.program().osc.unwrap())),
        Box::new(Resource(&served)),
        Box::new(served.socket()),
    ];
    for row in COMMANDS.iter().filter(|row| row.name != "quit") {
        let needs_more = row.args.iter().any(|arg| !arg.optional);
        for door in &mut doors {
            let said = door.ask(row);
            let at = format!("{} through {}: {said:?}", row.name, door.name());
            match said {
                Err(why) if needs_more => {
                    assert!(why.contains(&format!("is missing an argument: {}", row.usage_with_ranges())), "{at}")
                }
                Err(why) => {
                    assert!(!why.contains("unknown command") && !why.contains("is missing an argument"), "{at}")
                }
                Ok(()) => assert!(!needs_more, "{at}"),
            }
        }
    }
}

/// `quit`, through each kind of connection of a station of its own.
#[test]
fn every_door_ends_the_station() {
    for at in 0..5 {
        let all = ["--osc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
        let mut served = Served::of(served::Served::start(&all));
        let line = r#"{"type": "do", "command": "quit"}"#;
        let home = served.program().home().to_owned();
        match at {
            0 => Stranger::greeted(&home, "screen").send_message(&json!({ "type": "do", "command": "quit" })),
            1 => assert_eq!(run(&home, &["do", "quit"]).0, 0),
            2 => Client::at(served.program().osc.unwrap()).say("/quit", []),
            3 => assert_eq!(served.command("quit").status, 200),
            _ => {
                let mut socket = served.socket();
                socket.send(line);
                // Subscribers receive it.
                socket.wait_for("the end", |told| told["event"] == "quit" || told["type"] == "leave");
            }
        }
        assert!(served.wait(), "door {at}");
    }
}
