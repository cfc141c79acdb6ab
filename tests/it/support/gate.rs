//! A door in front of the world's server, which may be shut: whoever calls through it then finds nobody.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A door at an address of its own. It opens onto another address and shuts when the guard is dropped.
pub(crate) struct Gate(SocketAddr);

/// While this is there, the door is open, or there is somebody who shuts it in everybody's face.
pub(crate) struct Guard(#[expect(dead_code, reason = "it is dropped")] JoinSet<()>);

impl Gate {
    /// A door that is shut: connections are refused.
    pub(crate) async fn shut() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self(listener.local_addr().unwrap())
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> String {
        self.0.to_string()
    }

    /// Lets everybody through to this address, an `http://` one.
    pub(crate) async fn open_onto(&self, url: &str) -> Guard {
        let behind = url.trim_start_matches("http://").to_owned();
        self.listen(move |mut here| {
            let behind = behind.clone();
            async move {
                let mut there = TcpStream::connect(&behind).await?;
                tokio::io::copy_bidirectional(&mut here, &mut there).await.map(|_| ())
            }
        })
        .await
    }

    /// Takes every connection and breaks it off.
    pub(crate) async fn break_off(&self) -> Guard {
        self.listen(|here| async move {
            here.readable().await?;
            // What was sent is not read, so that the other side finds the connection reset.
            drop(here);
            Ok(())
        })
        .await
    }

    async fn listen<F: Future<Output = io::Result<()>> + Send + 'static>(
        &self,
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Guard {
        let listener = TcpListener::bind(self.0).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((here, _)) = listener.accept().await {
                let served = serve(here);
                connections.spawn(async move {
                    // Either side may go at any time.
                    let _ = served.await;
                });
            }
        });
        Guard(tasks)
    }
}
