/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The weights in one block of a type of less than four bits that is no K type. */

#pragma once

#include <glib.h>

void l4_iq2_xxs_to_float (const guint8 *block, float *out);
void l4_iq2_xs_to_float (const guint8 *block, float *out);
void l4_iq2_s_to_float (const guint8 *block, float *out);
void l4_iq3_xxs_to_float (const guint8 *block, float *out);
void l4_iq3_s_to_float (const guint8 *block, float *out);
void l4_iq1_s_to_float (const guint8 *block, float *out);
void l4_iq1_m_to_float (const guint8 *block, float *out);
void l4_tq1_0_to_float (const guint8 *block, float *out);
void l4_tq2_0_to_float (const guint8 *block, float *out);
