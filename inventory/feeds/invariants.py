"""What must hold of feeds."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I35f",
        "the settled messages of a feed are without a gap but for those given up, and nothing was posted from beyond its next number",
        """
        SELECT f.id, 'gap' FROM inventory_feed f
        WHERE f.next_seq - 1 <> (SELECT count(*) FROM inventory_feedmessage m WHERE m.feed_id = f.id AND m.epoch = f.epoch AND m.seq < f.next_seq AND m.state <> 'waiting')
              + (SELECT coalesce(sum(g.last - g.first + 1), 0) FROM inventory_feedgap g WHERE g.feed_id = f.id AND g.epoch = f.epoch)
              - (SELECT count(*) FROM inventory_feedmessage m JOIN inventory_feedgap g ON g.feed_id = m.feed_id AND g.epoch = m.epoch AND m.seq BETWEEN g.first AND g.last
                 WHERE m.feed_id = f.id AND m.epoch = f.epoch)
        UNION ALL
        SELECT m.id, 'beyond' FROM inventory_feedmessage m JOIN inventory_feed f ON f.id = m.feed_id
        WHERE m.state = 'applied' AND (m.epoch > f.epoch OR m.epoch = f.epoch AND m.seq >= f.next_seq)
        UNION ALL
        SELECT m.id, 'left waiting' FROM inventory_feedmessage m JOIN inventory_feed f ON f.id = m.feed_id
        WHERE m.state = 'waiting' AND (m.epoch < f.epoch OR m.epoch = f.epoch AND m.seq < f.next_seq)
        """,
    ),
]
