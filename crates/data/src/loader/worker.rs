//! The thread that prepares batches.
//!
//! It answers requests one by one in order. Both channels hold as many messages as there can be open requests, so
//! neither side ever waits to send: the thread ends as soon as its requests are dropped, whatever is still unread.

use super::batch::{Batch, Pass, Request};
use super::{AHEAD, DataError, Dataset};
use rarefy_core::memory;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

type Answer = Result<Batch, DataError>;

/// Handle of the thread; dropping it stops and joins the thread.
pub(super) struct Worker {
    dataset: String,
    requests: Option<SyncSender<Request>>,
    answers: Receiver<Answer>,
    outstanding: usize,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    panic: Option<DataError>,
}

impl Worker {
    pub(super) fn spawn(
        dataset: Arc<dyn Dataset>,
        pass: Pass,
        samples: usize,
        batch_size: usize,
    ) -> Result<Self, DataError> {
        let (requests, inbox) = sync_channel::<Request>(AHEAD);
        let (outbox, answers) = sync_channel::<Answer>(AHEAD);
        let (name, stop) = (dataset.name().to_owned(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let mut order = memory::room(samples, "the order of the samples")?;
        memory::check_threads(1)?;
        let work = move || {
            let mut ordered = None;
            for Request { epoch, batch, mut buffer } in inbox {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                if ordered != Some(epoch) {
                    pass.order(epoch, samples, &mut order);
                    ordered = Some(epoch);
                }
                let indices = order.chunks(batch_size).nth(batch).unwrap_or_default();
                let answer = pass.fill(&*dataset, epoch, indices, &mut buffer).map(|()| buffer);
                if outbox.send(answer).is_err() {
                    return;
                }
            }
        };
        let thread = Builder::new()
            .name("rarefy-loader".into())
            .spawn(work)
            .map_err(|error| DataError::Thread { reason: error.to_string() })?;
        Ok(Self {
            dataset: name,
            requests: Some(requests),
            answers,
            outstanding: 0,
            stop,
            thread: Some(thread),
            panic: None,
        })
    }

    /// Requests not yet answered and received.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Asks for a batch; at most [`AHEAD`] requests may be open. A thread that is gone shows when its answer is awaited,
    /// after the answers it gave before.
    pub(super) fn request(&mut self, request: Request) {
        if let Some(requests) = &self.requests {
            let _ = requests.send(request);
        }
        self.outstanding += 1;
    }

    /// Waits for the answer to the oldest open request.
    pub(super) fn receive(&mut self) -> Answer {
        match self.answers.recv() {
            Ok(answer) => {
                self.outstanding = self.outstanding.saturating_sub(1);
                answer
            }
            Err(_) => Err(self.panic()),
        }
    }

    /// Waits until no request is open and keeps the buffers; answers are thrown away.
    pub(super) fn discard(&mut self, spare: &mut Vec<Batch>) -> Result<(), DataError> {
        while self.outstanding > 0 {
            spare.extend(self.receive());
        }
        self.panic.clone().map_or(Ok(()), Err)
    }

    /// Why the thread is gone: only a panic ends it while requests can be sent.
    fn panic(&mut self) -> DataError {
        if let Some(Err(payload)) = self.thread.take().map(JoinHandle::join) {
            let message = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".into());
            self.panic = Some(DataError::Panicked { dataset: self.dataset.clone(), message });
        }
        self.outstanding = 0;
        self.panic.clone().unwrap_or_else(|| DataError::Thread { reason: "it has ended".into() })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the data set was either reported already or concerns batches nobody wants any more.
            let _ = thread.join();
        }
    }
}
