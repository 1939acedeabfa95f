/** The texts of the guided tours, by the names of src/play/tours.ts: English and Chinese. */

const ALIVE = {
  en: [
    "One alive message",
    "Every member tells every five seconds that it is alive. It signs this alive message once; the others pass the very bytes on. Let us follow one of peer0.org1.",
    "The first hop: peer0.org1 sends its alive message to a neighbour. The receiver checks the signature and takes the new sequence and the time of arrival into its table. It will pass the message on.",
    "To another member the message is news as well, whoever brings it: it is checked, used and passed on. Both ends of a link compute by themselves that they are neighbours, so nobody is left out.",
    "A copy: this member has passed the same bytes on before. They are recognised before anything in them is read, and dropped. It now knows that the sender has the message, and spares it.",
    "A second later everybody has it. Look at the counts below the picture, and at the column of sequences under Members.",
  ],
  zh: [
    "一条 alive 消息",
    "每个成员每五秒宣告自己存活。这条 alive 消息只签名一次，其他成员原样转发这些字节。让我们跟随 peer0.org1 的一条消息。",
    "第一跳：peer0.org1 把 alive 消息发给一个邻居。接收者验证签名，把新的序号和到达时间记入成员表，随后会继续转发。",
    "对另一个成员来说，无论由谁带来，这条消息也是新的：验证、采用、转发。链路两端各自算出彼此是邻居，所以不会漏掉任何成员。",
    "一份副本：该成员已经转发过同样的字节。它在读取内容之前就被识别并丢弃。接收者由此知道发送者已有该消息，不再发给它。",
    "一秒之后，所有成员都有了这条消息。请看图下方的计数，以及“成员”一栏中的序号。",
  ],
};

const SYNC = {
  en: [
    "One membership sync",
    "A new member, peer3.org1, has just started. It knows nobody; its configuration names two bootstrap peers of its organisation and two anchor peers of the other: look at Waiting.",
    "It dials them. Each side sends a signed handshake with its certificate, bound to this TLS connection. Now they know who is at the other end.",
    "It asks for the members, and the request carries its own alive message. The receiver knows of it from now on and tells the others.",
    "The answer lists the latest alive messages of everybody the newcomer may see. Each has its own signature. Whose certificate is still unknown is put aside, not believed.",
    "Another member joins its view: its certificate arrived by another connection. How it gets those it still lacks is the next tour.",
  ],
  zh: [
    "一次成员同步",
    "新成员 peer3.org1 刚刚启动。它不认识任何人，配置里写着本组织的两个 bootstrap 节点和另一组织的两个锚节点：请看“等待中”。",
    "它逐一拨号。双方各发送一条带证书并绑定到该 TLS 连接的签名握手消息，从而知道对方是谁。",
    "它询问成员列表，请求里带着自己的 alive 消息。接收者从此知道它，并告诉其他成员。",
    "应答列出新成员可以看到的每个成员的最新 alive 消息，每条都有自己的签名。证书尚不认识的先放在一边，不予采信。",
    "又一个成员进入它的视图：证书从另一条连接到达。其余证书如何取得，见下一个导览。",
  ],
};

const PULL = {
  en: [
    "One identity pull, both sides",
    "The newcomer got a list of members, but not all of their certificates. Such alive messages wait under Waiting: author unknown. It does not wait for its next pull, which is due in seconds: it asks at once.",
    "Step 1, hello: what do you have? Seen from the one that is asked. It remembers under Waiting that this peer may request for a moment.",
    "Step 2, digest: names only, each the hash of a certificate. Seen from the one that asks. It compares them with what it has and what it wants.",
    "Step 3, request: the certificates that it lacks as their owners signed them, also those it saw in a handshake, which cannot be passed on. Only who said hello under this number may request.",
    "Step 4, update: the certificates, each signed by its owner. The newcomer verifies them, learns the identities, and the alive messages that waited are used: their authors join its view.",
  ],
  zh: [
    "一次身份拉取（双方视角）",
    "新成员得到了成员列表，但没有所有成员的证书。这些 alive 消息停在“等待中”：“作者未知”。它不等几秒后的下一次拉取，而是立即询问。",
    "第一步 hello：你有什么？这是被询问者的视角。它在“等待中”记下：该节点短时间内可以请求。",
    "第二步 digest：只有名称，每个都是证书的哈希。这是询问者的视角。它与自己已有的和需要的进行比较。",
    "第三步 request：请求自己还没有主人签名的那些证书，包括只在握手中见过的（那种不能转交他人）。只有用同一编号发过 hello 的节点才可以请求。",
    "第四步 update：证书，各由其主人签名。新成员验证后记住这些身份，等待的 alive 消息被采用：它们的作者进入视图。",
  ],
};

const PURGE = {
  en: [
    "One purge",
    "The certificate of peer1.org2 was replaced by one that ends in 20 seconds. Everybody has taken the new name in and dropped the old one: look at Identities.",
    "The certificate has ended by the clock of peer0.org1. The identity goes, and with it all that rested on it: the member, its messages, its connection.",
    "A second later nobody holds it any more. peer1.org2 still runs, but whoever meets it refuses it: no certificate, no member.",
    "With a certificate that is valid again it is taken in by everybody within moments.",
  ],
  zh: [
    "一次清除",
    "peer1.org2 的证书换成了一张 20 秒后过期的证书。所有成员已经接受新名称并丢弃旧名称：请看“身份”。",
    "按 peer0.org1 的时钟，证书已经过期。该身份被清除，依附于它的一切也随之消失：成员、消息、连接。",
    "一秒之后，没有成员再保留它。peer1.org2 仍在运行，但谁都会拒绝它：没有证书，就不是成员。",
    "换上有效的证书之后，所有成员很快又接受了它。",
  ],
};

const DEATH = {
  en: [
    "A death that is confirmed",
    "peer2.org1 has crashed. Its connections break; nothing else says so.",
    "A broken connection is only a suspicion. Those who had one ping the member: under Members it is suspect, not dead.",
    "Nothing answers the ping: now it is dead to the first member, which tells the others so.",
    "peer2.org2 had no link with it. Somebody's word is no proof either: the list that names it dead makes the receiver ask by itself, see Waiting: to ask.",
    "Everybody has asked and found it gone. Nobody was declared dead for one lost packet.",
    "It starts again. Its incarnation, the start of its process, is newer than all that was known: it is back at once.",
  ],
  zh: [
    "一次经过确认的死亡",
    "peer2.org1 崩溃了。它的连接断开，除此之外没有任何消息。",
    "连接断开只是怀疑。曾与它相连的成员会 ping 它：在“成员”中它是“可疑”，而不是“死亡”。",
    "ping 没有回应：对第一个成员来说它已死亡，并告诉其他成员。",
    "peer2.org2 与它没有链路。别人的话也不是证据：列表说它已死亡，接收者会自己去询问，见“等待中”：“待询问”。",
    "所有成员都问过并确认它已不在。没有谁因为丢了一个包而被宣告死亡。",
    "它重新启动。它的化身（incarnation，即进程启动时刻）比已知的都新，于是立刻恢复。",
  ],
};

const PARTITION = {
  en: [
    "A partition that heals",
    "Packets between the two organisations vanish. Connections do not break: they only fall silent.",
    "Two heartbeats are missing, a ping gets no answer: the first member on one side is dead to one on the other.",
    "Each half agrees within itself, and both are wrong about the whole. Members that were configured as contacts are tried for ever.",
    "The network is whole again. A contact answers, lists are exchanged, and the first member returns.",
    "All views are one again, without anybody's help.",
  ],
  zh: [
    "一次会愈合的分区",
    "两个组织之间的数据包全部丢失。连接没有断开，只是沉默。",
    "少了两次心跳，ping 也没有回应：一侧的成员首次认为另一侧的一个成员已死亡。",
    "两半各自内部一致，但对整体的看法都不对。配置中的联系节点会一直被重试。",
    "网络恢复连通。联系节点有了回应，双方交换列表，第一个成员回来了。",
    "所有视图又一致了，无需人工干预。",
  ],
};

const REVOKED = {
  en: [
    "A revoked certificate",
    "The certificate of peer2.org2 is on its organisation's revocation list. Members read the list one after the other, within two seconds. peer0.org1 is the first: the identity is purged, the member forgotten, the connection closed.",
    "peer0.org2 has read it too, and does the same.",
    "peer2.org2 dials somebody, and its handshake fails: the certificate is revoked there.",
    "All have read the list. The picture shows peer2.org2 without a link.",
    "With a new certificate, hence another name, it is a member again.",
  ],
  zh: [
    "一张被吊销的证书",
    "peer2.org2 的证书被列入其组织的吊销列表。各成员在两秒内先后读取该列表。peer0.org1 最先读到：身份被清除，成员被忘记，连接被关闭。",
    "peer0.org2 也读到了，同样处理。",
    "peer2.org2 去拨另一个成员，握手失败：它的证书在那里已被吊销。",
    "所有成员都读过列表。图中 peer2.org2 没有任何链路。",
    "换上新证书（因此也是新名称）后，它又成为成员。",
  ],
};

const JOINER = {
  en: [
    "A late joiner, beside Fabric's 8 seconds",
    "peer3.org1 joins a network that runs. First by our rules.",
    "A second later everybody sees it, and it sees everybody: what it lacked was asked for at once.",
    "The same newcomer, the same second, by a Fabric peer's rules: peers drawn anew for each message, nothing asked for out of turn, alive messages of unknown authors dropped. It sees only a part.",
    "Four seconds after it joined. The pull that brings certificates runs every four seconds.",
    "Ten seconds: now it has the certificates, and the next heartbeats count. All agree.",
  ],
  zh: [
    "迟到的加入者，与 Fabric 的 8 秒对比",
    "peer3.org1 加入一个正在运行的网络。先按我们的规则。",
    "一秒之后，所有成员看到了它，它也看到了所有成员：缺少的内容立即去询问。",
    "同一个新成员、同样的一秒，按 Fabric 节点的规则：每条消息重新抽取对象，不提前询问，作者未知的 alive 消息被丢弃。它只看到一部分。",
    "加入四秒之后。取证书的拉取每四秒一次。",
    "十秒：证书已到，随后的心跳被采信。所有看法一致。",
  ],
};

/** The title, then one text per step. */
export const TOUR_TEXTS = {
  alive: ALIVE,
  sync: SYNC,
  pull: PULL,
  purge: PURGE,
  death: DEATH,
  partition: PARTITION,
  revoked: REVOKED,
  joiner: JOINER,
};
