/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much an expert is in use: how often and how lately. */

#include "stream/heat.h"

#include <math.h>

/* Tokens after which a use counts half. With both together no pattern of use that was tried does worse than to let that one go which was used
 * longest ago, and those in which some experts are liked better do far better. */
#define LATELY 4
#define OFTEN 64

static void
blend (float *heat, float kept, float share)
{
  *heat = kept * *heat + (1 - kept) * share;
}

void
l4_heat_use (L4Heat *heat, gint64 n_experts, const gint64 *uses, gint64 n)
{
  float tokens = (float) MIN (n, OFTEN);        /* a prompt would wipe out all that was known before */
  float lately = exp2f (-tokens / LATELY), often = exp2f (-tokens / OFTEN);

  for (gint64 e = 0; e < n_experts; e++) {
    float share = (float) uses[e] / (float) n;

    blend (&heat[e].lately, lately, share);
    blend (&heat[e].often, often, share);
  }
}
