"""Whether something accepts connections on a port: connect, and close at once. Nothing is sent."""

import socket

from nimdoctor.probe.answer import Address, Deadline, ProbeAnswer, addresses, reason, shown, unreachable


def port_answer(host: str, port: int, timeout: float = 5.0) -> ProbeAnswer:
    """True when a connection comes about within `timeout` seconds, False when it does not.

    None when the host could not be asked. Raises nothing for trouble of the network.
    """
    deadline = Deadline(timeout)
    found = addresses(host, port, socket.SOCK_STREAM, deadline)
    if isinstance(found, str):
        return ProbeAnswer(None, found)
    answer = ProbeAnswer(None, f"{shown(host)} has no address")
    for position, address in enumerate(found):
        share = Deadline(deadline.left() / (len(found) - position))
        answer = _connect(address, share, deadline.words())
        if answer.answered:
            break
    return answer


def _connect(address: Address, deadline: Deadline, within: str) -> ProbeAnswer:
    try:
        with socket.socket(address.family, socket.SOCK_STREAM) as one:
            one.settimeout(max(0.001, deadline.left()))  # 0 would mean not to wait for the answer
            one.connect(address.place)
    except (socket.timeout, TimeoutError):
        return ProbeAnswer(False, f"no answer within {within} (a firewall, or the host is down)")
    except ConnectionRefusedError:
        return ProbeAnswer(False, "refuses connections: nothing listens there")
    except OSError as error:
        if unreachable(error):
            return ProbeAnswer(False, f"cannot be reached: {reason(error)}")
        return ProbeAnswer(None, f"cannot be asked: {reason(error)}")
    return ProbeAnswer(True, "accepts connections")
