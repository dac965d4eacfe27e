//! Which connection gets a seat, and which loses it.

use super::*;
use crate::engine::doors::Doors;

const OWN: [u8; 4] = [127, 0, 0, 1];

struct Room {
    seats: Arc<Seats>,
    ending: watch::Receiver<()>,
}

impl Room {
    fn new() -> Room {
        Room { seats: Seats::new(&Doors::default().open("http", "")), ending: watch::channel(()).1 }
    }

    fn take(&self, from: [u8; 4]) -> Option<Arc<Seat>> {
        self.seats.take(from.into(), &self.ending)
    }

    /// So many requests under way.
    fn served(&self, from: [u8; 4], count: usize) -> Vec<RequestGuard> {
        (0..count).map(|_| self.take(from).unwrap().asked()).collect()
    }

    fn has(&self, seat: &Seat) -> bool {
        self.seats.rows().taken.iter().any(|row| row.id == seat.id)
    }
}

#[test]
fn one_machine_does_not_take_the_seats_of_others() {
    let room = Room::new();
    let greedy = room.served([10, 0, 0, 1], SEATS_OF_ONE);
    assert!(room.take([10, 0, 0, 1]).is_none());
    // Written as IPv6, it is the same machine.
    assert!(room.seats.take("::ffff:10.0.0.1".parse().unwrap(), &room.ending).is_none());
    let another = room.take([10, 0, 0, 2]).unwrap();
    drop(greedy);
    assert!(room.take([10, 0, 0, 1]).is_some() && room.has(&another));
}

#[test]
fn others_do_not_keep_this_machine_out_nor_it_them() {
    let room = Room::new();
    let others: Vec<RequestGuard> = (1..=4).flat_map(|last| room.served([10, 0, 0, last], SEATS_OF_ONE)).collect();
    assert_eq!(others.len(), SEATS);
    assert!(room.take([10, 0, 0, 5]).is_none());
    let own = room.served(OWN, SEATS);
    assert!(room.take(OWN).is_none());
    drop(others);
    assert!(room.take([10, 0, 0, 5]).is_some());
    drop(own);
    assert_eq!(room.seats.door.connected.load(Ordering::Relaxed), 0);
}

#[test]
fn an_idle_connection_gives_way_and_one_with_a_request_under_way_does_not() {
    let room = Room::new();
    let served = room.served(OWN, 1);
    let socket = room.take(OWN).unwrap();
    assert!(socket.becomes_socket());
    let first = room.take(OWN).unwrap();
    let idle: Vec<Arc<Seat>> = (3..SEATS).map(|_| room.take(OWN).unwrap()).collect();
    // It had a request since, and so has been idle for the shortest time.
    drop(first.asked());
    let newcomer = room.take(OWN).unwrap();
    assert!(!room.has(&idle[0]));
    assert!([&served[0].0, &socket, &first, &idle[1], &newcomer].into_iter().all(|seat| room.has(seat)));
    // A connection that lost its seat changes nothing when it ends, or by a late request.
    drop(idle[0].asked());
    assert!(!idle[0].becomes_socket());
    let crowd: Vec<Arc<Seat>> = (0..10 * SEATS).map(|_| room.take(OWN).unwrap()).collect();
    assert_eq!(room.seats.rows().taken.len(), SEATS);
    assert!([&served[0].0, &socket, &crowd[crowd.len() - 1]].into_iter().all(|seat| room.has(seat)));
}

#[test]
fn there_is_room_for_so_many_websockets_here_and_elsewhere() {
    let room = Room::new();
    let seats: Vec<Arc<Seat>> = (0..=SOCKETS_MAX).map(|_| room.take(OWN).unwrap()).collect();
    assert_eq!(seats.iter().filter(|seat| seat.becomes_socket()).count(), SOCKETS_MAX);
    assert!(room.take([10, 0, 0, 1]).unwrap().becomes_socket());
    drop(seats);
    assert!(room.take(OWN).unwrap().becomes_socket());
}
