# busker: every target does its own set-up.

CARGO ?= cargo
# What the tests are run with: the allocator that catches the callback allocating.
TEST_FEATURES = rt-check
# Many tests wait for a program or a server: more of them at once than there are cores.
export RUST_TEST_THREADS ?= 4

.PHONY: run test test-vm check fmt clippy doc bench bench-midi bench-takes bench-doors bench-mix soak fuzz limits help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## the station; ARGS='--demo' passes flags
	@scripts/setup.sh run
	$(CARGO) run --release -- $(ARGS)

test: ## every test, the ones on real audio servers too
	@scripts/setup.sh test
	INSTA_UPDATE=no $(CARGO) test --workspace --exclude busker-benches --features $(TEST_FEATURES)

test-vm: ## MIDI ports that come and go, on a real kernel in an emulator; BUSKER_VM names its script
	@CARGO='$(CARGO)' tests/vm/run.sh

check: fmt clippy doc test ## what a change must pass: format, lints, documentation, tests

fmt:
	$(CARGO) fmt --all --check

clippy:
	@scripts/setup.sh test
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --workspace --all-targets --features $(TEST_FEATURES) -- -D warnings

doc:
	@scripts/setup.sh test
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --exclude busker-benches --no-deps

bench: ## how long a block, a thousand controllers, a screen and 400 profiles take
	@scripts/setup.sh run
	$(CARGO) bench -p busker-benches

bench-midi: ## how even the MIDI clock is, how late notes come, what it costs; ARGS='--rows cpu' for a part
	@scripts/setup.sh run
	$(CARGO) build --release
	benches/midi/bench.py target/release/busker $(ARGS)

bench-takes: ## what recording 32 channels costs, beside jack_capture; ARGS='600' for ten minutes of it
	@scripts/setup.sh test
	$(CARGO) build --release
	benches/takes.py target/release/busker $(ARGS)

bench-doors: ## how soon a command takes effect through each door, and what clients and floods cost
	@scripts/setup.sh run
	$(CARGO) build --release
	benches/doors.py target/release/busker

bench-mix: ## how long an export of 32 tracks takes, beside a C loop, ecasound, sox and ffmpeg; ARGS='3' for three rounds
	@scripts/setup.sh run
	$(CARGO) build --release
	benches/mix.py target/release/busker $(ARGS)

soak: ## two hours of everything at once: memory, descriptors and threads; ARGS='600' for ten minutes
	@scripts/setup.sh run
	$(CARGO) build --release
	benches/soak.py target/release/busker $(ARGS)

fuzz: ## ten minutes for each reader of what others wrote; ARGS='60' for a minute, ARGS='60 wav_read' for one of them
	@scripts/setup.sh run
	@CARGO='$(CARGO)' fuzz/run.sh $(ARGS)

limits: ## first frame, idle load, memory, speed of virtual time
	@scripts/setup.sh test
	$(CARGO) build --release
	benches/limits.py target/release/busker
