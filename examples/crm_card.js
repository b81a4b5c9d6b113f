// A card beside the conversation: the desktop says whom the agent has in front of them, and this
// page shows what your own system knows. It runs in a sandbox: no cookies, no storage.
addEventListener("message", ({ data, source }) => {
  if (source !== parent || data?.fairline !== "context") return;
  const { name, id, verified, attributes = {} } = data.customer;
  document.getElementById("name").textContent = name || id;
  // Last, so that no attribute of that name, which a page may set, stands for the server's word.
  const facts = { ...attributes, Verified: verified ? "yes" : "no" };
  const rows = Object.entries(facts).flatMap(([label, value]) => {
    const [term, fact] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = label;
    fact.textContent = String(value);
    return [term, fact];
  });
  document.getElementById("facts").replaceChildren(...rows);
});
parent.postMessage({ fairline: "ready" }, "*"); // asks for it, once
