//! Jobs, pieces and the end, in order.

use super::*;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Counts down from each job, a piece a number.
#[derive(Default)]
struct CountDown {
    left: Vec<u32>,
}

impl DiskWork for CountDown {
    type Job = u32;
    type News = String;
    const THREAD: &'static str = "count-down";

    fn obey(&mut self, job: u32, link: &mut WorkerLink<Self>) {
        link.report(format!("from {job}"));
        self.left.push(job);
    }

    fn go_on(&mut self, link: &mut WorkerLink<Self>) -> bool {
        let Some(last) = self.left.last_mut() else { return false };
        link.report(last.to_string());
        *last -= 1;
        self.left.retain(|left| *left > 0);
        !self.left.is_empty()
    }

    fn end(&mut self, link: &mut WorkerLink<Self>) {
        link.report(format!("{} left", self.left.len()));
    }
}

#[test]
fn a_step_obeys_every_job_and_does_every_piece() {
    let (mut worker, handle) = worker(CountDown::default());
    handle.jobs.send(2).unwrap();
    handle.jobs.send(1).unwrap();
    worker.step();
    assert_eq!(handle.news.try_iter().collect::<Vec<_>>(), ["from 2", "from 1", "1", "2", "1"]);
}

#[test]
fn a_job_that_was_sent_is_done_before_the_thread_ends_and_each_report_knocks() {
    let (worker, WorkerHandle { jobs, news }) = worker(CountDown::default());
    for job in 1..=100 {
        jobs.send(job).unwrap();
    }
    drop(jobs);
    let knocks = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&knocks);
    let knock = move || {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    worker.spawn(knock).unwrap().join().unwrap();
    let news: Vec<String> = news.try_iter().collect();
    assert_eq!(news.iter().filter(|news| news.starts_with("from")).count(), 100);
    assert!(news.last().unwrap().ends_with("left"), "{news:?}");
    assert_eq!(knocks.load(Ordering::Relaxed) as usize, news.len());
}

#[test]
fn a_job_that_is_put_off_comes_after_those_that_wait() {
    let (mut worker, handle) = worker(CountDown::default());
    handle.jobs.send(1).unwrap();
    assert_eq!(worker.link.glance(), Ok(Some(&1)));
    worker.link.put_off(2);
    handle.jobs.send(3).unwrap();
    drop(handle.jobs);
    assert_eq!(std::iter::from_fn(|| worker.link.next_job()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(worker.link.glance(), Err(ControlGone));
}
