//! The writer: a thread that publishes outputs while the solver goes on.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::frame::{self, Array, Column, Frame, Layout, STATIC};
use super::master::{self, Series};
use super::{Checksums, Folder, Kind, OutputError, Result};

/// The master files are derived from the outputs; more often than this is waste.
const MASTER_EVERY: Duration = Duration::from_secs(2);

/// Publishes frames in the background. At most two wait; a third call blocks.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    queue: Option<SyncSender<Frame>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Writer {
    /// Writes `statics` (what never changes: porosity, mask) at once, then waits for frames.
    pub fn start(folder: &Folder, layout: Layout, statics: &[Array]) -> Result<Writer> {
        if !statics.is_empty() {
            frame::write(folder.path(), STATIC, &layout, None, statics)?;
        }
        let series =
            Series { statics: statics.iter().map(Array::column).collect(), ..Series::default() };
        let task = Task { folder: folder.path().to_owned(), layout, series };
        let (queue, frames) = sync_channel(2);
        let thread = std::thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || task.run(&frames))
            .map_err(|e| OutputError::io(folder.path(), &e))?;
        Ok(Writer { folder: folder.path().to_owned(), queue: Some(queue), thread: Some(thread) })
    }

    /// Hands over an output; gives the error of an earlier one if that failed.
    pub fn push(&mut self, frame: Frame) -> Result<()> {
        match &self.queue {
            Some(queue) if queue.send(frame).is_ok() => Ok(()),
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
    layout: Layout,
    series: Series,
}

impl Task {
    fn run(mut self, frames: &Receiver<Frame>) -> Result<()> {
        let mut last: Option<Instant> = None;
        while let Ok(frame) = frames.recv() {
            let published = self.publish(&frame);
            let due = last.is_none_or(|t| t.elapsed() >= MASTER_EVERY);
            if published.is_ok() && due {
                self.refresh()?;
                last = Some(Instant::now());
            } else if published.is_err() {
                // Point the master to all that is whole before giving up.
                let _ = self.refresh();
                return published;
            }
        }
        self.refresh()
    }

    fn publish(&mut self, frame: &Frame) -> Result<()> {
        let columns: Vec<Column> = frame.arrays.iter().map(Array::column).collect();
        if self.series.steps.is_empty() {
            self.series.fields = columns;
        } else if self.series.fields != columns {
            let text = format!("output {} has other fields than those before it", frame.index);
            return Err(OutputError::new(Kind::Io, text));
        }
        let name = frame::file_name(frame.index);
        frame::write(&self.folder, &name, &self.layout, Some(frame.time), &frame.arrays)?;
        self.series.steps.push((frame.index, frame.time));
        Ok(())
    }

    fn refresh(&self) -> Result<()> {
        master::write(&self.folder, &self.layout, &self.series)
    }
}
