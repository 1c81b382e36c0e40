//! The suites that every store and every sink passes.

use crate::support::{PATIENCE, World};
use local::contract::{sink_contract, store_contract};
use sentinel_aws::SnsSink;
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bucket_is_a_store() {
    let Some(world) = World::new("contract-store") else {
        return;
    };
    store_contract(|| Arc::new(world.store(PATIENCE))).await;
    let places: Vec<_> = world.proxy.calls().into_iter().map(|call| call.key).collect();
    assert!(places.iter().all(|key| key.starts_with("kept/here/")), "{places:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_topic_is_a_sink() {
    let Some(world) = World::without_bucket("") else { return };
    for (topic, chat) in [("contract-sink", false), ("contract-chat", true)] {
        let arn = world.moto.create_topic(topic);
        let queue = world.moto.subscribe(&arn, topic);
        let clients = world.clients(PATIENCE);
        let make = || -> Arc<dyn pass::AlertSink> {
            let sink = if chat {
                SnsSink::chat(&clients, &arn)
            } else {
                SnsSink::new(&clients, &arn)
            };
            Arc::new(sink.unwrap())
        };
        let taken = Mutex::new(Vec::new());
        let ids = || {
            let mut taken = taken.lock().unwrap();
            for message in world.moto.receive(&queue) {
                let json: serde_json::Value = serde_json::from_str(&message.body).unwrap();
                taken.push(json["id"].as_str().unwrap().to_owned());
            }
            taken.clone()
        };
        sink_contract(make, ids).await;
    }
}
