/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much an expert is in use: how often and how lately. */

#pragma once

#include <glib.h>

/* Shares of the tokens that chose it, the older the less. 0 at first. */
typedef struct
{
  float lately, often;
} L4Heat;

/* A step of n tokens has come to a layer; uses[e] of their choices fell on expert e. heat: [n_experts] */
void l4_heat_use (L4Heat *heat, gint64 n_experts, const gint64 *uses, gint64 n);

/* The colder, the less likely to be wanted soon. */
static inline float
l4_heat_of (const L4Heat *heat)
{
  return heat->lately + heat->often;
}
