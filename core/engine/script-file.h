/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of prepared answers.
 *
 * Every line of the file is a JSON object. {"text": "…", "delay_ms": 200} answers with that text, word by word, after a delay that can be
 * cancelled; with "until": "…" not before the file of that name is there; {"error": "…"} fails. The answers are used in turn, over and
 * over, by each session for itself. Figures that nothing really takes: "forecast_ms" is what the answer is forecast to take (without it,
 * its delay), "ask_ms" what each question after it is, "prefill_ms" what it says that its prompt took, "limit_ms" the least that the
 * machine allows for it. "expect": ["…"] and "refuse": ["…"] fail the answer when the conversation's text lacks, or has, one of these: so
 * tests see what was asked. With "when": "…" the answer is no longer used in turn but whenever the conversation has that text. "together":
 * 3 makes it wait until it is under way in as many sessions at once. In "text", {prompt} stands for the conversation's last text, and
 * {pictures} for a sum over its pictures. A first line {"load_ms": 500} or {"load_error": "…"} makes loading slow or fail; with {"context":
 * 100} there the model's context has so many tokens, and every word is one (else every part of a prompt). Where there is a schema, "text"
 * must be a value of it, as compact JSON; else the answer fails. "yes": {"person": 0.9} is how likely yes is to questions with that text,
 * after this answer; a text instead of the number makes the question fail. */

#pragma once

#include "base/error.h"

/* What is said to a question that has the text. */
typedef struct
{
  char *text;
  double yes;
  char *error;                  /* NULL: yes */
} L4ScriptWhether;

typedef struct
{
  char *text;
  char *error;
  char *until;                  /* or NULL */
  gint64 delay_us, forecast_us, ask_us, prefill_us, limit_us;
  char **expect, **refuse;      /* NULL-terminated */
  char *when;                   /* NULL: used in turn */
  guint together;
  GArray *whether;              /* of L4ScriptWhether */
  guint n_waiting, n_met;       /* script's lock: sessions that wait for others, and how often as many were there */
} L4ScriptLine;

typedef struct
{
  GArray *lines;                /* of L4ScriptLine, used in turn; one or more, unless loading fails */
  GArray *special;              /* of L4ScriptLine, with `when` */
  gint64 load_us;
  char *load_error;
  guint context;                /* tokens; 0: any number */
  char *digest;                 /* "sha256:…" */

  GMutex lock;                  /* of what changes in lines */
} L4Script;

/* L4_ERROR_NOT_FOUND, L4_ERROR_IO, L4_ERROR_FORMAT. (transfer full) */
L4Script *l4_script_read (const char *path, GError **error);
void l4_script_free (gpointer self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Script, l4_script_free)
