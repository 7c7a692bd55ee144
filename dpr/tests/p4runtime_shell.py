"""Drives `dpr switch --program host_stage` as any P4Runtime client would.

Usage: p4runtime_shell.py ADDRESS P4INFO DEVICE_CONFIG
"""

import os
import sys
import traceback

import p4runtime_sh.shell as sh
from p4runtime_sh.p4runtime import P4RuntimeWriteException


def main():
    address, p4info, device_config = sys.argv[1:]
    sh.setup(
        device_id=1,
        grpc_addr=address,
        election_id=(0, 1),
        config=sh.FwdPipeConfig(p4info, device_config),
    )

    # A default action with parameters of many widths.
    identity = sh.TableEntry("StageIngress.identity")(action="be", is_default=True)
    identity.action["host"] = "1"
    identity.action["host_mac"] = "02:00:00:02:00:01"
    identity.action["stage_mac"] = "02:00:00:01:00:04"
    identity.action["address"] = "10.0.0.1"
    identity.modify()

    # Exact matches.
    flow = sh.TableEntry("flow_state")(action="serve_at")
    flow.match["src"] = "198.51.100.7"
    flow.match["dst"] = "203.0.113.10"
    flow.match["protocol"] = "6"
    flow.match["src_port"] = "40000"
    flow.match["dst_port"] = "80"
    flow.action["host"] = "2"
    flow.insert()
    flow.action["host"] = "3"
    flow.modify()
    found = list(sh.TableEntry("flow_state").read())
    assert len(found) == 1, found
    assert found[0].action["host"].value == b"\x03", found[0]

    # A range, with its priority.
    service = sh.TableEntry("services")(action="in_map", priority=10)
    service.match["address"] = "203.0.113.10"
    service.match["protocol"] = "6"
    service.match["port"] = "80..90"
    service.action["map_id"] = "1"
    service.action["mask"] = "4095"
    service.insert()
    try:
        service.insert()
        raise AssertionError("the second insertion succeeded")
    except P4RuntimeWriteException as error:
        assert "ALREADY_EXISTS" in str(error), error

    flow.delete()
    assert not list(sh.TableEntry("flow_state").read())

    outcomes = list(sh.CounterEntry("StageEgress.outcomes").read())
    assert len(outcomes) == 16, outcomes
    assert all(cell.packet_count == 0 for cell in outcomes), outcomes

    sh.teardown()


try:
    main()
except BaseException:
    # The shell's stream thread would keep the process alive.
    traceback.print_exc()
    os._exit(1)
