//! The packages of the workspace and what they depend on, as `cargo metadata` tells.

use super::files::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// The workspace.
pub(crate) struct Workspace(Value);

impl Workspace {
    pub(crate) fn read() -> Workspace {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--offline", "--locked"])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Workspace(serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON"))
    }

    fn packages(&self) -> BTreeMap<&str, &Value> {
        let packages = self.0["packages"].as_array().unwrap();
        packages
            .iter()
            .map(|package| (package["id"].as_str().unwrap(), package))
            .collect()
    }

    fn ids(&self, key: &str) -> Vec<&str> {
        self.0[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap())
            .collect()
    }

    fn name(&self, id: &str) -> String {
        self.packages()[id]["name"].as_str().unwrap().to_owned()
    }

    pub(crate) fn members(&self) -> Vec<String> {
        self.ids("workspace_members")
            .into_iter()
            .map(|id| self.name(id))
            .collect()
    }

    pub(crate) fn default_members(&self) -> Vec<String> {
        self.ids("workspace_default_members")
            .into_iter()
            .map(|id| self.name(id))
            .collect()
    }

    /// The direct dependencies of a member, without those of its tests and builds.
    pub(crate) fn direct(&self, member: &str) -> BTreeSet<String> {
        self.normal(&self.id(member))
            .into_iter()
            .map(|id| self.name(&id))
            .collect()
    }

    /// Everything that is linked into a member, itself included. Features are those of the workspace as a whole, so this
    /// may name too much and never too little.
    pub(crate) fn tree(&self, member: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.id(member)];
        while let Some(id) = open.pop() {
            if seen.insert(id.clone()) {
                open.extend(self.normal(&id));
            }
        }
        seen.iter().map(|id| self.name(id)).collect()
    }

    fn id(&self, member: &str) -> String {
        let of_name = |id: &&str| self.name(id) == member;
        self.ids("workspace_members")
            .into_iter()
            .find(of_name)
            .unwrap_or_else(|| panic!("no member {member}"))
            .to_owned()
    }

    fn normal(&self, id: &str) -> Vec<String> {
        let nodes = self.0["resolve"]["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|node| node["id"] == id).unwrap();
        let is_normal = |dependency: &&Value| {
            dependency["dep_kinds"]
                .as_array()
                .unwrap()
                .iter()
                .any(|kind| kind["kind"].is_null())
        };
        let dependencies = node["deps"].as_array().unwrap().iter().filter(is_normal);
        dependencies
            .map(|dependency| dependency["pkg"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The folder of a member.
    pub(crate) fn folder(&self, member: &str) -> PathBuf {
        let id = self.id(member);
        let manifest = PathBuf::from(self.packages()[id.as_str()]["manifest_path"].as_str().unwrap());
        manifest.parent().unwrap().to_path_buf()
    }

    /// The targets of a member: kind, name and file.
    pub(crate) fn targets(&self, member: &str) -> Vec<(String, String, PathBuf)> {
        let id = self.id(member);
        let packages = self.packages();
        let targets = packages[id.as_str()]["targets"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        targets
            .iter()
            .map(|target| {
                (
                    text(&target["kind"][0]),
                    text(&target["name"]),
                    PathBuf::from(text(&target["src_path"])),
                )
            })
            .collect()
    }
}
