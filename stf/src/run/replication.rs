//! Multicast groups and clone sessions in the making: tests speak of nodes that join groups, pipelines of groups' replicas.

use super::Problem;
use std::collections::BTreeMap;

/// Where a copy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) port: u16,
    pub(super) rid: u16,
}

/// A change of what the pipeline must know: all copies of a group or of a session, `None` if it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Group {
        id: u32,
        is_new: bool,
        copies: Vec<Copy>,
    },
    Session {
        id: u32,
        is_new: bool,
        copies: Option<Vec<Copy>>,
    },
}

#[derive(Debug, Default)]
struct Node {
    rid: u16,
    ports: Vec<u16>,
}

/// Where the clones of a session go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Session {
    Port(u16),
    Group(u32),
}

/// What a test has said so far.
#[derive(Debug, Default)]
pub(super) struct Replication {
    nodes: Vec<Node>,
    /// The nodes of each group, in the order in which they joined.
    groups: BTreeMap<u32, Vec<usize>>,
    sessions: BTreeMap<u32, Session>,
}

impl Replication {
    pub(super) fn create_group(&mut self, id: u32) -> Result<Vec<Change>, Problem> {
        if self.groups.insert(id, Vec::new()).is_some() {
            return Err(Problem::new(format!(
                "there is a multicast group {id} already"
            )));
        }
        Ok(vec![Change::Group {
            id,
            is_new: true,
            copies: Vec::new(),
        }])
    }

    pub(super) fn create_node(&mut self, rid: u16, ports: Vec<u16>) {
        self.nodes.push(Node { rid, ports });
    }

    pub(super) fn update_node(
        &mut self,
        node: usize,
        ports: Vec<u16>,
    ) -> Result<Vec<Change>, Problem> {
        self.node(node)?.ports = ports;
        let groups = self.groups.iter();
        let affected: Vec<u32> = groups
            .filter(|(_, nodes)| nodes.contains(&node))
            .map(|(group, _)| *group)
            .collect();
        Ok(affected
            .into_iter()
            .flat_map(|group| self.changed(group))
            .collect())
    }

    pub(super) fn associate(&mut self, group: u32, node: usize) -> Result<Vec<Change>, Problem> {
        self.node(node)?;
        let Some(nodes) = self.groups.get_mut(&group) else {
            return Err(no_group(group));
        };
        nodes.push(node);
        Ok(self.changed(group))
    }

    pub(super) fn mirror_to_port(&mut self, session: u32, port: u16) -> Vec<Change> {
        self.mirror(session, Session::Port(port))
    }

    pub(super) fn mirror_to_group(
        &mut self,
        session: u32,
        group: u32,
    ) -> Result<Vec<Change>, Problem> {
        match self.groups.contains_key(&group) {
            true => Ok(self.mirror(session, Session::Group(group))),
            false => Err(no_group(group)),
        }
    }

    pub(super) fn unmirror(&mut self, session: u32) -> Result<Vec<Change>, Problem> {
        match self.sessions.remove(&session) {
            Some(_) => Ok(vec![Change::Session {
                id: session,
                is_new: false,
                copies: None,
            }]),
            None => Err(Problem::new(format!("there is no clone session {session}"))),
        }
    }

    /// What a session is, for people.
    pub(super) fn describe(&self, session: u32) -> Result<String, Problem> {
        match self.sessions.get(&session) {
            Some(Session::Port(port)) => Ok(format!("clone session {session}: to port {port}")),
            Some(Session::Group(group)) => Ok(format!(
                "clone session {session}: to multicast group {group}"
            )),
            None => Err(Problem::new(format!("there is no clone session {session}"))),
        }
    }

    fn node(&mut self, node: usize) -> Result<&mut Node, Problem> {
        let problem = Problem::new(format!("there is no node {node}; nodes count from 0"));
        self.nodes.get_mut(node).ok_or(problem)
    }

    fn mirror(&mut self, id: u32, session: Session) -> Vec<Change> {
        let is_new = self.sessions.insert(id, session).is_none();
        vec![Change::Session {
            id,
            is_new,
            copies: Some(self.session_copies(session)),
        }]
    }

    fn session_copies(&self, session: Session) -> Vec<Copy> {
        match session {
            Session::Port(port) => vec![Copy { port, rid: 0 }],
            Session::Group(group) => self.copies(group),
        }
    }

    fn copies(&self, group: u32) -> Vec<Copy> {
        let nodes = self.groups.get(&group).into_iter().flatten();
        let nodes = nodes.filter_map(|node| self.nodes.get(*node));
        nodes
            .flat_map(|node| {
                node.ports.iter().map(|port| Copy {
                    port: *port,
                    rid: node.rid,
                })
            })
            .collect()
    }

    /// A group, and the sessions that clone to it.
    fn changed(&self, group: u32) -> Vec<Change> {
        let copies = self.copies(group);
        let sessions = self.sessions.iter();
        let sessions = sessions.filter(|(_, session)| **session == Session::Group(group));
        let mut changes = vec![Change::Group {
            id: group,
            is_new: false,
            copies: copies.clone(),
        }];
        changes.extend(sessions.map(|(id, _)| Change::Session {
            id: *id,
            is_new: false,
            copies: Some(copies.clone()),
        }));
        changes
    }
}

fn no_group(group: u32) -> Problem {
    Problem::new(format!("there is no multicast group {group}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_groups_copies_reach_the_sessions_that_clone_to_it() {
        let mut replication = Replication::default();
        assert!(replication.associate(9, 0).is_err(), "neither is there");
        replication.create_group(9).expect("a new group");
        replication
            .mirror_to_group(5, 9)
            .expect("the group is there");
        replication.create_node(400, vec![6, 7]);
        let changes = replication.associate(9, 0).expect("both are there");
        let copies = vec![Copy { port: 6, rid: 400 }, Copy { port: 7, rid: 400 }];
        assert_eq!(
            changes,
            [
                Change::Group {
                    id: 9,
                    is_new: false,
                    copies: copies.clone(),
                },
                Change::Session {
                    id: 5,
                    is_new: false,
                    copies: Some(copies),
                },
            ]
        );
        let changes = replication
            .update_node(0, vec![8])
            .expect("the node is there");
        assert_eq!(changes.len(), 2);
        assert!(replication.unmirror(4).is_err() && replication.unmirror(5).is_ok());
    }
}
