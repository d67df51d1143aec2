//! The writer: a thread that publishes outputs while the solver goes on.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::folder::Claim;
use super::frame::{self, Array, Column, Frame, Layout, STATIC};
use super::master::{self, Series};
use super::{Checksums, Folder, Kind, OutputError, Result, Results, checkpoint};
use crate::model::run::Kept;

/// The master files are derived from the outputs; more often than this is waste.
const MASTER_EVERY: Duration = Duration::from_secs(2);

/// What the thread does, in this order: a checkpoint is published after all outputs before it.
enum Job {
    Output(Frame),
    /// The checkpoint of a case with this hash, after the history that belongs to it.
    Checkpoint {
        path: PathBuf,
        hash: String,
        kept: Arc<Kept>,
        history: File,
    },
}

/// Publishes outputs and checkpoints in the background. At most two wait; a third call blocks.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Writer {
    /// Writes `statics` (what never changes: porosity, mask) at once, then waits for frames.
    pub fn start(folder: &Folder, layout: Layout, statics: &[Array]) -> Result<Writer> {
        Writer::with(folder, layout, statics, Series::default())
    }

    /// The same behind the outputs that are in the folder: those to come replace them by number.
    pub fn go_on(folder: &Folder, layout: Layout, statics: &[Array]) -> Result<Writer> {
        let mut series = Series::default();
        // Without any output yet there is nothing to open.
        if let Ok(results) = Results::open(folder.path()) {
            series.steps = results.steps.iter().map(|s| (s.index, s.time)).collect();
            series.fields = results.fields;
        }
        // A list whose last line was cut off would spoil the next one.
        Checksums::load(folder.path())?.write(folder.path())?;
        Writer::with(folder, layout, statics, series)
    }

    fn with(
        folder: &Folder,
        layout: Layout,
        statics: &[Array],
        mut series: Series,
    ) -> Result<Writer> {
        if !statics.is_empty() {
            frame::write(folder.path(), STATIC, &layout, None, statics)?;
        }
        series.statics = statics.iter().map(Array::column).collect();
        let (claim, begun) = (folder.claimed(), false);
        let task = Task { folder: folder.path().to_owned(), claim, layout, series, begun };
        let (queue, jobs) = sync_channel(2);
        let thread = std::thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || task.run(&jobs))
            .map_err(|e| OutputError::io(folder.path(), &e))?;
        Ok(Writer { folder: folder.path().to_owned(), queue: Some(queue), thread: Some(thread) })
    }

    /// Hands over an output; gives the error of an earlier one if that failed.
    pub fn push(&mut self, frame: Frame) -> Result<()> {
        self.send(Job::Output(frame))
    }

    /// Hands over a checkpoint of the case with this `hash`, and the history that belongs to it.
    pub fn checkpoint(
        &mut self,
        path: PathBuf,
        hash: String,
        kept: Arc<Kept>,
        history: File,
    ) -> Result<()> {
        self.send(Job::Checkpoint { path, hash, kept, history })
    }

    fn send(&mut self, job: Job) -> Result<()> {
        match &self.queue {
            Some(queue) if queue.send(job).is_ok() => Ok(()),
            // The thread has gone: it has something to say.
            _ => self.join().and(Err(OutputError::new(Kind::Io, "the writer has stopped"))),
        }
    }

    /// Waits until all is published and the master files are up to date; gives the check sums
    /// so far, for [`Checksums::seal`].
    pub fn finish(mut self) -> Result<Checksums> {
        self.join()?;
        Checksums::load(&self.folder)
    }

    fn join(&mut self) -> Result<()> {
        self.queue = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => Err(OutputError::new(Kind::Io, "the writer has stopped")),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.join();
    }
}

struct Task {
    folder: PathBuf,
    claim: Claim,
    layout: Layout,
    series: Series,
    /// True after the first output of this process.
    begun: bool,
}

impl Task {
    fn run(mut self, jobs: &Receiver<Job>) -> Result<()> {
        let mut last: Option<Instant> = None;
        while let Ok(job) = jobs.recv() {
            self.claim.check()?;
            let published = match job {
                Job::Output(frame) => self.publish(&frame),
                Job::Checkpoint { path, hash, kept, history } => {
                    let synced = history.sync_all();
                    synced
                        .map_err(|e| OutputError::io(&path, &e))
                        .and_then(|()| checkpoint::write(&path, &hash, &kept))
                }
            };
            // A master of one output is a static image; what opens it twice, as vtk does, must
            // not find a series the second time. With one output it is made at the end only.
            let due =
                self.series.steps.len() > 1 && last.is_none_or(|t| t.elapsed() >= MASTER_EVERY);
            if published.is_ok() && due {
                self.refresh()?;
                last = Some(Instant::now());
            } else if published.is_err() {
                // Point the master to all that is whole before giving up.
                let _ = self.refresh();
                return published;
            }
        }
        self.claim.check()?;
        self.refresh()
    }

    fn publish(&mut self, frame: &Frame) -> Result<()> {
        let columns: Vec<Column> = frame.arrays.iter().map(Array::column).collect();
        if !self.begun {
            self.series.fields = columns;
            self.begun = true;
        } else if self.series.fields != columns {
            let text = format!("output {} has other fields than those before it", frame.index);
            return Err(OutputError::new(Kind::Io, text));
        }
        let name = frame::file_name(frame.index);
        frame::write(&self.folder, &name, &self.layout, Some(frame.time), &frame.arrays)?;
        self.series.steps.retain(|s| s.0 != frame.index);
        self.series.steps.push((frame.index, frame.time));
        self.series.steps.sort_by_key(|s| s.0);
        Ok(())
    }

    fn refresh(&self) -> Result<()> {
        master::write(&self.folder, &self.layout, &self.series)
    }
}
