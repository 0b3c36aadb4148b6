import { createRoot } from "react-dom/client";
import { App } from "./app";
import "../styles/base.css";
import "../styles/parts.css";
import "../styles/plots.css";
import "../styles/views.css";

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
