/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts, times and numbers as XML has them. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Any bytes, for between tags or between double quotation marks: nothing in it is markup, and what may not stand in XML 1.0 is left out. */
void l4_xml_add_text (GString *xml, const char *text);

/* " NAME="TEXT"" */
void l4_xml_add_attribute (GString *xml, const char *name, const char *text);
void l4_xml_add_number (GString *xml, const char *name, double number);

/* Microseconds since 1970 as UTC: "2026-11-28T14:03:12.345Z". */
void l4_xml_add_time (GString *xml, gint64 time);

G_END_DECLS
