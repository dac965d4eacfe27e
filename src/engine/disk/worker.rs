//! The one loop of the threads that wait for the disk.
//!
//! [`worker`] makes both halves: a [`Worker`], which runs on its own thread or is stepped in virtual time, and a
//! [`WorkerHandle`], which the control thread keeps. Jobs and news cross in channels that lose nothing; each report
//! wakes the control thread. A worker's work is its [`DiskWork`]: jobs come first, then work under way goes on in
//! pieces. It ends when the control thread is gone, after every job that was sent is done.

use std::{
    collections::VecDeque,
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

/// The work of a worker.
pub trait DiskWork: Sized + Send + 'static {
    /// A job from the control thread.
    type Job: Send + 'static;
    /// A report.
    type News: Send + 'static;
    /// The name of its thread.
    const THREAD: &'static str;

    /// Called once, on the thread.
    fn start(&mut self) {}

    /// How long it waits for a job before [`idle`](Self::idle) is called; `None` waits until one comes.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Obeys one job.
    fn obey(&mut self, job: Self::Job, link: &mut WorkerLink<Self>);

    /// Does one piece of what is under way; true where there is more to do at once.
    fn go_on(&mut self, link: &mut WorkerLink<Self>) -> bool {
        let _ = link;
        false
    }

    /// No job came within its patience.
    fn idle(&mut self, link: &mut WorkerLink<Self>) {
        let _ = link;
    }

    /// The control thread is gone: finishes what is open.
    fn end(&mut self, link: &mut WorkerLink<Self>) {
        let _ = link;
    }
}

/// The worker's end of its channels.
pub struct WorkerLink<W: DiskWork> {
    jobs: Receiver<W::Job>,
    /// Jobs that came while a longer one was under way.
    waiting: VecDeque<W::Job>,
    news: Sender<W::News>,
    /// Wakes the control thread.
    knock: Box<dyn Fn() + Send>,
}

/// The control thread has gone.
#[derive(Debug, PartialEq, Eq)]
pub struct ControlGone;

impl<W: DiskWork> WorkerLink<W> {
    /// The next job, where one is waiting.
    pub fn next_job(&mut self) -> Option<W::Job> {
        self.waiting.pop_front().or_else(|| self.jobs.try_recv().ok())
    }

    /// Looks at a job that came since, and leaves it for later.
    ///
    /// # Errors
    /// None will come any more.
    pub fn glance(&mut self) -> Result<Option<&W::Job>, ControlGone> {
        match self.jobs.try_recv() {
            Ok(job) => {
                self.waiting.push_back(job);
                Ok(self.waiting.back())
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(ControlGone),
        }
    }

    /// Leaves a job for later, after those that are waiting.
    pub fn put_off(&mut self, job: W::Job) {
        self.waiting.push_back(job);
    }

    /// Sends a report. Where the control thread is gone, it is dropped.
    pub fn report(&self, news: W::News) {
        let _ = self.news.send(news);
        (self.knock)();
    }

    fn wait(&mut self, patience: Option<Duration>) -> Result<Option<W::Job>, ControlGone> {
        if let Some(job) = self.waiting.pop_front() {
            return Ok(Some(job));
        }
        match patience {
            None => self.jobs.recv().map(Some).map_err(|_| ControlGone),
            Some(patience) => match self.jobs.recv_timeout(patience) {
                Ok(job) => Ok(Some(job)),
                Err(RecvTimeoutError::Timeout) => Ok(None),
                Err(RecvTimeoutError::Disconnected) => Err(ControlGone),
            },
        }
    }
}

/// A worker: its work, and its end of the channels.
pub struct Worker<W: DiskWork> {
    pub(super) work: W,
    link: WorkerLink<W>,
}

/// The control thread's end.
#[derive(Debug)]
pub struct WorkerHandle<Job, News> {
    /// Sends jobs. Dropping it ends the worker.
    pub jobs: Sender<Job>,
    /// Receives reports.
    pub news: Receiver<News>,
}

/// Both halves of a worker.
pub fn worker<W: DiskWork>(work: W) -> (Worker<W>, WorkerHandle<W::Job, W::News>) {
    let (jobs, jobs_out) = channel();
    let (news_in, news) = channel();
    let link = WorkerLink { jobs: jobs_out, waiting: VecDeque::new(), news: news_in, knock: Box::new(|| {}) };
    (Worker { work, link }, WorkerHandle { jobs, news })
}

impl<W: DiskWork> Worker<W> {
    /// From now on `knock` is called after each report.
    pub fn knock_with(&mut self, knock: impl Fn() + Send + 'static) {
        self.link.knock = Box::new(knock);
    }

    /// Runs it on a thread until the control thread is gone. `knock` is called after each report.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self, knock: impl Fn() + Send + 'static) -> io::Result<JoinHandle<()>> {
        self.knock_with(knock);
        let Worker { mut work, mut link } = self;
        thread::Builder::new().name(W::THREAD.into()).spawn(move || {
            work.start();
            let mut has_more = false;
            loop {
                let patience = if has_more { Some(Duration::ZERO) } else { work.patience() };
                match link.wait(patience) {
                    Ok(Some(job)) => work.obey(job, &mut link),
                    Ok(None) if has_more => {}
                    Ok(None) => work.idle(&mut link),
                    Err(ControlGone) => break,
                }
                has_more = work.go_on(&mut link);
            }
            work.end(&mut link);
        })
    }

    /// Does all work there is now.
    pub fn step(&mut self) {
        loop {
            while let Some(job) = self.link.next_job() {
                self.work.obey(job, &mut self.link);
            }
            if !self.work.go_on(&mut self.link) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
